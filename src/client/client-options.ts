import type { Transport } from "@connectrpc/connect";
import { LIMITS } from "../catalogue/limits.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { createWarnOnce, type ProblemListener } from "./problem.ts";
import type { Protocol } from "./transport.ts";

/** What a host decides; what it leaves out or sets to undefined has the default named here. */
export interface MetricsClientOptions {
  /** Where the service is, such as `http://metrics:8890`. May be left out with a transport of your own. */
  readonly url?: string | undefined;
  /** A writer key, sent as `x-api-key`. Without one the service rejects every metric. */
  readonly apiKey?: string | undefined;
  /** Who measures: 1 to 100 letters, digits, `_` and `-`. Becomes the label `service`. */
  readonly service: string;
  /** Version of the service that measures, at most 100 characters; default: none. */
  readonly version?: string | undefined;
  /** Which of several instances of the service this is: at most 100 letters, digits, `_`, `-` and `.`. */
  readonly instanceId?: string | undefined;
  /** `connect` (default, over fetch), `grpc` (Node only), or any transport of Connect. */
  readonly transport?: Protocol | Transport | undefined;
  /** Most metrics in one request; default 100, which is what a service takes by default. */
  readonly batchMetrics?: number | undefined;
  /** Longest wait of a metric for its batch to fill, in milliseconds; default 1000. */
  readonly flushIntervalMs?: number | undefined;
  /** Most metrics in memory; default 10 000. Beyond, the oldest that is not being sent is dropped. */
  readonly bufferMetrics?: number | undefined;
  /** Longest wait for an answer, in milliseconds; default 10 000. Then the batch is sent again. */
  readonly timeoutMs?: number | undefined;
  /** Hears what goes wrong. By default Node warns once of each kind of loss. */
  readonly onProblem?: ProblemListener | undefined;
  /** For tests. */
  readonly clock?: Clock | undefined;
}

/** The options with their defaults filled in; every field is valid. */
export interface ClientSettings {
  /** Without a slash at its end; undefined only beside a transport of the host's own. */
  readonly url: string | undefined;
  readonly apiKey: string | undefined;
  readonly service: string;
  /** Empty for none, as is `instanceId`. */
  readonly version: string;
  readonly instanceId: string;
  readonly transport: Protocol | Transport;
  readonly batchMetrics: number;
  readonly flushIntervalMs: number;
  readonly bufferMetrics: number;
  readonly timeoutMs: number;
  readonly onProblem: ProblemListener;
  readonly clock: Clock;
}

/**
 * The options in force. Values are checked as a host of plain JavaScript may pass them.
 *
 * @throws an Error that names the first one that is unusable. It never quotes an API key.
 */
export function readClientOptions(options: MetricsClientOptions): ClientSettings {
  const { transport = "connect" } = options;
  return {
    url: readUrl(options.url, transport),
    apiKey: text("apiKey", options.apiKey, /^[\x21-\x7e]+$/),
    service: text("service", options.service ?? "", /^[\w-]{1,100}$/) ?? "",
    version: text("version", options.version, /^.{0,100}$/u) ?? "",
    instanceId: text("instanceId", options.instanceId, /^[\w.-]{0,100}$/) ?? "",
    transport,
    batchMetrics: whole("batchMetrics", options.batchMetrics ?? LIMITS.METRICS_PER_REQUEST, 10_000),
    flushIntervalMs: whole("flushIntervalMs", options.flushIntervalMs ?? 1000, 3_600_000),
    bufferMetrics: whole("bufferMetrics", options.bufferMetrics ?? 10_000, 10_000_000),
    timeoutMs: whole("timeoutMs", options.timeoutMs ?? 10_000, 3_600_000),
    onProblem: readListener(options),
    clock: options.clock ?? systemClock,
  };
}

/**
 * The listener for problems, also when the other options are unusable: they have to be reported to somebody.
 */
export function readListener(options: Partial<MetricsClientOptions>): ProblemListener {
  try {
    if (typeof options.onProblem === "function") return options.onProblem;
  } catch {
    // A getter that throws: as if no listener were given.
  }
  return createWarnOnce();
}

/** With a transport of the host's own, a URL may be absent, but not wrong. */
function readUrl(url: unknown, transport: unknown): string | undefined {
  if (typeof transport === "string") {
    if (transport !== "connect" && transport !== "grpc") {
      throw new Error(`transport: "${transport}" is neither "connect" nor "grpc"`);
    }
  } else if (typeof transport !== "object" || transport === null || !("unary" in transport)) {
    throw new Error("transport: this is no transport of Connect");
  } else if (url === undefined) return undefined;
  if (typeof url !== "string" || !URL.canParse(url) || !/^https?:/i.test(url)) {
    throw new Error(`url: ${JSON.stringify(url)} is no http:// or https:// URL`);
  }
  // Paths are put behind it, and fetch refuses one with a password each time anew.
  const { username, password, search, hash } = new URL(url);
  if (username + password + search + hash !== "") {
    throw new Error("url: must have no user, password, query or fragment");
  }
  return url.replace(/\/+$/, "");
}

function text(name: string, value: unknown, pattern: RegExp): string | undefined {
  if (value === undefined || value === null) return undefined;
  // The value of a wrong API key is a secret all the same.
  if (typeof value !== "string" || !pattern.test(value)) throw new Error(`${name}: must match ${pattern}`);
  return value;
}

/** From 1 to `max`. Timers take at most 2^31 ms, so the limits of times are below that. */
function whole(name: string, value: unknown, max: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new Error(`${name}: must be a whole number from 1 to ${max}`);
}

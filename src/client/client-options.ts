import type { Transport } from "@connectrpc/connect";
import { type Clock, systemClock } from "../lib/clock.ts";
import { createWarnOnce, type ProblemListener } from "./problem.ts";
import type { Protocol } from "./transport.ts";

export interface MetricsClientOptions {
  /** Where the service is, such as `http://metrics:8890`. May be left out with a transport of your own. */
  readonly url?: string | undefined;
  /** A writer key. */
  readonly apiKey?: string | undefined;
  /** Who measures: letters, digits, `_` and `-`. */
  readonly service: string;
  readonly version?: string | undefined;
  /** Which of several instances of the service this is. */
  readonly instanceId?: string | undefined;
  /** `connect` (default, over fetch), `grpc` (Node only), or any transport of Connect. */
  readonly transport?: Protocol | Transport | undefined;
  /** Metrics in one request; default 100, which is what the service takes unless told otherwise. */
  readonly batchMetrics?: number | undefined;
  /** Longest wait of a metric for its batch to fill, in milliseconds; default 1000. */
  readonly flushIntervalMs?: number | undefined;
  /** Most metrics in memory; default 10 000. Beyond, the oldest is dropped. */
  readonly bufferMetrics?: number | undefined;
  /** Longest wait for an answer, in milliseconds; default 10 000. Then the batch is sent again. */
  readonly timeoutMs?: number | undefined;
  /** Hears what goes wrong. By default Node warns once of each kind of loss. */
  readonly onProblem?: ProblemListener | undefined;
  /** For tests. */
  readonly clock?: Clock | undefined;
}

export interface ClientSettings {
  readonly url: string | undefined;
  readonly apiKey: string | undefined;
  readonly service: string;
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

/** The options in force. @throws an Error that names the first one that is unusable. */
export function readClientOptions(options: MetricsClientOptions): ClientSettings {
  const { transport = "connect" } = options;
  return {
    url: readUrl(options.url, transport),
    apiKey: text("apiKey", options.apiKey, /^[\x21-\x7e]+$/),
    service: text("service", options.service ?? "", /^[\w-]{1,100}$/) ?? "",
    version: text("version", options.version, /^.{0,100}$/u) ?? "",
    instanceId: text("instanceId", options.instanceId, /^[\w.-]{0,100}$/) ?? "",
    transport,
    batchMetrics: whole("batchMetrics", options.batchMetrics ?? 100, 10_000),
    flushIntervalMs: whole("flushIntervalMs", options.flushIntervalMs ?? 1000, 3_600_000),
    bufferMetrics: whole("bufferMetrics", options.bufferMetrics ?? 10_000, 10_000_000),
    timeoutMs: whole("timeoutMs", options.timeoutMs ?? 10_000, 3_600_000),
    onProblem: readListener(options),
    clock: options.clock ?? systemClock,
  };
}

/** What hears of problems, whatever else is wrong with the options. */
export function readListener(options: Partial<MetricsClientOptions>): ProblemListener {
  try {
    if (typeof options.onProblem === "function") return options.onProblem;
  } catch {
    // Options that cannot be read are told of in the way of those that were not given.
  }
  return createWarnOnce();
}

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

function whole(name: string, value: unknown, max: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new Error(`${name}: must be a whole number from 1 to ${max}`);
}

/**
 * OTLP over HTTP, in protobuf: one export at a time, bounded in every direction.
 *
 * The SDK's own OTLPMetricExporter (0.301.0) was looked at and left: its timeout is one of idleness, so
 * that an endpoint answering a byte a second holds its socket and body for ever; its retries sleep on
 * timers that keep a stopping process alive; and nothing can abort it.
 */
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer";
import type { PushMetricExporter, ResourceMetrics } from "@opentelemetry/sdk-metrics";
import type { Clock } from "../../lib/clock.ts";

const compress = promisify(gzip);

/**
 * The codes that the OTLP specification ("Retryable Response Codes") lets a client retry; others fail again.
 */
const RETRYABLE_STATUS: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** Exponential backoff, as the specification asks for, unless the receiver sends `Retry-After`. */
const FIRST_BACKOFF_MS = 500;
const BACKOFF_MS_MAX = 5_000;
const STOPPED = "called off, the process stops";

/** Where and how to call an OTLP receiver. */
export interface OtlpRequest {
  /** In full, path included. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface OtlpExporterOptions {
  readonly request: OtlpRequest;
  readonly compression: "gzip" | "none";
  /** For one export in all: connecting, sending, every retry, the answer. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** The receiver has taken an export. */
  readonly onSuccess: () => void;
  /** An export was given up; the next one carries what it had. */
  readonly onFailure: (error: Error) => void;
}

export interface OtlpExporter extends PushMetricExporter {
  /** The process stops: no more retries, and whatever is still under way after `graceMs` is aborted. */
  finishNow(graceMs: number): void;
}

/** One export under way, with all its tries. */
interface Attempt {
  readonly controller: AbortController;
  /** Ends a pause between two tries. */
  wake: () => void;
}

/** An exporter for the SDK's reader, which starts one export at a time. */
export function createOtlpExporter(options: OtlpExporterOptions): OtlpExporter {
  const { clock } = options;
  const underWay = new Set<Attempt>();
  let mustFinish = false;
  let isOver = false;

  async function run(metrics: ResourceMetrics): Promise<void> {
    // The reader starts its last export when the one under way has ended, and that may be just now.
    if (isOver) throw new Error(STOPPED);
    const attempt: Attempt = { controller: new AbortController(), wake: () => {} };
    const cancel = clock.after(options.timeoutMs, () => abort(attempt, "timed out"));
    underWay.add(attempt);
    try {
      await sendUntilDone(await encode(metrics, options.compression), attempt);
    } finally {
      cancel();
      underWay.delete(attempt);
    }
  }

  async function sendUntilDone(body: Uint8Array, attempt: Attempt): Promise<void> {
    const deadlineMs = clock.monotonicMs() + options.timeoutMs;
    for (let backoffMs = FIRST_BACKOFF_MS; ; backoffMs = Math.min(backoffMs * 2, BACKOFF_MS_MAX)) {
      const failed = await send(options, body, attempt.controller.signal);
      if (failed === undefined) return;
      // Half of it random, so that a fleet does not come back all at once.
      const delayMs = failed.retryAfterMs ?? backoffMs * (0.5 + Math.random() / 2);
      const isLate = clock.monotonicMs() + delayMs > deadlineMs;
      if (!failed.isRetryable || isLate || mustFinish) throw failed.error;
      await pause(clock, delayMs, attempt);
    }
  }

  return {
    export(metrics: ResourceMetrics, done: Parameters<PushMetricExporter["export"]>[1]) {
      run(metrics).then(
        () => {
          options.onSuccess();
          done({ code: 0 });
        },
        (error: unknown) => {
          const failure = toError(error);
          options.onFailure(failure);
          done({ code: 1, error: failure });
        },
      );
    },
    finishNow(graceMs) {
      mustFinish = true;
      for (const attempt of underWay) attempt.wake();
      clock.after(graceMs, () => {
        isOver = true;
        for (const attempt of underWay) abort(attempt, STOPPED);
      });
    },
    // Nothing to do in either: the reader waits for its own exports, and none is started elsewhere.
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
}

function abort(attempt: Attempt, reason: string): void {
  attempt.controller.abort(new Error(reason));
  attempt.wake();
}

async function encode(metrics: ResourceMetrics, compression: "gzip" | "none"): Promise<Uint8Array> {
  const body = ProtobufMetricsSerializer.serializeRequest(metrics);
  if (body === undefined) throw new Error("metrics could not be encoded");
  return compression === "gzip" ? compress(body) : body;
}

/** Why one try failed. */
interface FailedAttempt {
  readonly error: Error;
  readonly isRetryable: boolean;
  /** What the receiver asked for; undefined where it did not. */
  readonly retryAfterMs: number | undefined;
}

/** One attempt; undefined once it was accepted. Throws only when `signal` aborts it. */
async function send(
  { request: { url, headers: given }, compression, clock }: OtlpExporterOptions,
  body: Uint8Array,
  signal: AbortSignal,
): Promise<FailedAttempt | undefined> {
  const headers = toHeaders(given);
  headers.set("content-type", "application/x-protobuf");
  if (compression === "gzip") headers.set("content-encoding", "gzip");
  try {
    // Redirects are refused: they would carry the credentials wherever the endpoint points.
    const request = { method: "POST", headers, body: Buffer.from(body), redirect: "manual", signal } as const;
    const response = await fetch(url, request);
    // The status is the answer; a receiver that trickles a body, or sends a huge one, is not read.
    await response.body?.cancel();
    if (response.ok) return undefined;
    const retryAfterMs = readRetryAfterMs(response.headers.get("retry-after"), clock.wallMs());
    const error = new Error(`HTTP status ${response.status}`);
    return { error, isRetryable: RETRYABLE_STATUS.has(response.status), retryAfterMs };
  } catch (error) {
    signal.throwIfAborted();
    return { error: describe(error), isRetryable: true, retryAfterMs: undefined };
  }
}

function toHeaders(given: OtlpRequest["headers"]): Headers {
  try {
    return new Headers(given);
  } catch {
    // Without the cause, whose message repeats the value, and that is likely a secret.
    throw new Error("a configured OTLP header is not valid in HTTP");
  }
}

/** fetch says "fetch failed"; the reason is its cause. */
function describe(error: unknown): Error {
  return error instanceof Error && error.cause !== undefined ? toError(error.cause) : toError(error);
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** RFC 9110, section 10.2.3: seconds or a date. */
function readRetryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

function pause(clock: Clock, delayMs: number, attempt: Attempt): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(delayMs, resolve);
    attempt.wake = () => {
      cancel();
      resolve();
    };
  });
}

/**
 * Move a name and password from the URL into a header: fetch refuses URLs that hold them and repeats
 * them, password included, in its error. An `authorization` among `headers` wins.
 *
 * @throws {TypeError} when it is no URL.
 */
export function moveCredentials({ url: text, headers }: OtlpRequest): OtlpRequest {
  const url = new URL(text);
  if (url.username === "" && url.password === "") return { url: url.href, headers };
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = "";
  url.password = "";
  const authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
  return { url: url.href, headers: { authorization, ...headers } };
}

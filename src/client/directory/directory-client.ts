import { type Clock, keepProcessAlive, systemClock } from "../../lib/clock.ts";
import { Backoff } from "../backoff.ts";
import { randomKey, sign } from "../web-crypto.ts";
import { DirectoryError, readErrorResponse } from "./directory-error.ts";
import type { CollectReceipt, Period, ServerMetric, ServerMetrics } from "./server-metrics.ts";

/** Which directory, and as whom. Whether the key and the secret are right is found out by calls. */
export interface DirectoryClientOptions {
  /** Where the directory is, such as `https://directory.example`. */
  readonly url: string;
  /** Sent as `x-api-key`: the server's own key, a reader's, or none for what is public. */
  readonly apiKey?: string | undefined;
  /** The server's webhook secret; with it, `collect` signs. Needed once the server has one. */
  readonly secret?: string | undefined;
  /**
   * Longest wait for one answer, in milliseconds; default 10 000. A repeated call may take four times that.
   */
  readonly timeoutMs?: number | undefined;
  /** For tests. */
  readonly clock?: Clock | undefined;
}

/** What may be said of a use of a server. */
export interface UsageOptions {
  /** Who, at most 200 code points; the directory keeps a keyed hash only. */
  readonly userId?: string | undefined;
  /** Anything else, at most 4096 bytes as JSON. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** Calls of one request at most, pauses between them. */
const ATTEMPTS = 4;
/** Longest pause: where the directory asks for more, the call fails and the error says how long. */
const WAIT_MS_MAX = 30_000;

/**
 * Reads and writes what a directory knows of its MCP servers, over its REST routes (`/functions/v1/…`). Works
 * in Node and in browsers, where the directory must allow the origin (CORS_ORIGINS).
 */
export class DirectoryClient {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #secret: string | undefined;
  readonly #timeoutMs: number;
  readonly #clock: Clock;

  constructor({ url, apiKey, secret, timeoutMs = 10_000, clock = systemClock }: DirectoryClientOptions) {
    this.#url = url.replace(/\/+$/, "");
    this.#headers = apiKey === undefined ? {} : { "x-api-key": apiKey };
    this.#secret = secret;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
  }

  /**
   * What a server has measured over a period that ends now, in steps. `period` is `7d` by default; `metrics`
   * picks some by name, by default all.
   *
   * @throws {DirectoryError} after up to four calls where repeating can help, at once where it cannot.
   */
  async fetchServerMetrics(
    serverId: string,
    { period = "7d", metrics = [] }: { readonly period?: Period; readonly metrics?: readonly string[] } = {},
  ): Promise<ServerMetrics> {
    const query = new URLSearchParams({ server_id: serverId, period });
    if (metrics.length > 0) query.set("metrics", metrics.join(","));
    const { metrics: found } = await this.#persist(() => this.#call("GET", `metrics-fetch?${query}`));
    return found as ServerMetrics;
  }

  /**
   * Store what a server has measured of itself: 1 to 100 metrics, once, however often they had to be sent.
   * Resolves when they are on disk; some may have been rejected, as the receipt says.
   *
   * @throws {DirectoryError} when nothing is stored, or after the last call without an answer, when that is
   *   unknown.
   */
  async collect(serverId: string, metrics: readonly ServerMetric[]): Promise<CollectReceipt> {
    const now = new Date(this.#clock.wallMs()).toISOString();
    const timed = metrics.map((metric) => ({ ...metric, timestamp: metric.timestamp ?? now }));
    const body = JSON.stringify({ server_id: serverId, metrics: timed });
    const headers: Record<string, string> = { "idempotency-key": randomKey() };
    if (this.#secret !== undefined)
      headers["x-webhook-signature"] = `sha256=${await sign(this.#secret, body)}`;
    const receipt = await this.#persist(() => this.#call("POST", "metrics-collect", body, headers));
    return receipt as unknown as CollectReceipt;
  }

  /** Somebody has looked at a server. Resolves to whether that was recorded, and never rejects. */
  trackView(serverId: string, options?: UsageOptions): Promise<boolean> {
    return this.#track({ server_id: serverId, action: "view" }, options);
  }

  /** Somebody has installed a server. Resolves to whether that was recorded, and never rejects. */
  trackInstall(serverId: string, options?: UsageOptions): Promise<boolean> {
    return this.#track({ server_id: serverId, action: "install" }, options);
  }

  /** Somebody has used a tool of a server. Resolves to whether that was recorded, and never rejects. */
  trackToolUsage(serverId: string, toolId: string, options?: UsageOptions): Promise<boolean> {
    return this.#track({ server_id: serverId, action: "invoke", tool_id: toolId }, options);
  }

  /** One call, not repeated: a page or a tool does not wait for it. */
  async #track(usage: Readonly<Record<string, string>>, options: UsageOptions = {}): Promise<boolean> {
    try {
      const body = JSON.stringify({ ...usage, user_id: options.userId, details: options.details });
      const { recorded } = await this.#call("POST", "usage-track", body);
      return recorded === true;
    } catch {
      // Pages and tools go on without; whoever cares looks at the result.
      return false;
    }
  }

  /** @throws {DirectoryError} for any answer but a success, and for none. */
  async #call(
    method: "GET" | "POST",
    path: string,
    body?: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    const type = body === undefined ? {} : { "content-type": "application/json" };
    try {
      const answer = await fetch(`${this.#url}/functions/v1/${path}`, {
        method,
        headers: { ...type, ...this.#headers, ...headers },
        signal: AbortSignal.timeout(this.#timeoutMs),
        ...(body !== undefined && { body }),
      });
      if (!answer.ok) throw await readErrorResponse(answer);
      return (await answer.json()) as Readonly<Record<string, unknown>>;
    } catch (cause) {
      if (cause instanceof DirectoryError) throw cause;
      const message = `the directory gave no answer: ${cause instanceof Error ? cause.message : cause}`;
      throw new DirectoryError(message, { reason: "unreachable", cause });
    }
  }

  /** Call until it succeeds, cannot succeed, or has been tried often enough. */
  async #persist<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    const backoff = new Backoff(this.#clock);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof DirectoryError && error.isRetryable) || attempt === ATTEMPTS) throw error;
        const waitMs = backoff.failed(error.retryAfterMs);
        if (waitMs > WAIT_MS_MAX) throw error;
        await this.#wait(waitMs);
      }
    }
  }

  /** Keeps the process alive meanwhile: somebody awaits the call. */
  async #wait(ms: number): Promise<void> {
    const release = keepProcessAlive();
    await new Promise<void>((resolve) => void this.#clock.after(ms, resolve));
    release();
  }
}

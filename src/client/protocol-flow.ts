import { type Clock, systemClock } from "../lib/clock.ts";
import { HOUR_MS } from "../lib/time.ts";
import type { MetricsClient } from "./metrics-client.ts";

export interface ProtocolFlowOptions {
  /**
   * Most sessions that are followed at a time; default 10 000. Beyond, the one that began first is forgotten.
   */
  readonly sessionsMax?: number | undefined;
  /** How long a session is followed after its `initialize`, in milliseconds; default an hour. */
  readonly sessionMs?: number | undefined;
  /** For tests. */
  readonly clock?: Clock | undefined;
}

/**
 * By the method that ends a step: its value of `flow_step`, and the method that begins it. Names and order
 * are those of MCP's lifecycle (https://modelcontextprotocol.io/specification/2025-06-18/basic/lifecycle).
 */
const STEPS: Readonly<Record<string, readonly { readonly from: string; readonly flowStep: string }[]>> = {
  "tools/list": [{ from: "initialize", flowStep: "initialize_to_tools_list" }],
  "tools/call": [
    { from: "tools/list", flowStep: "tools_list_to_tools_call" },
    { from: "initialize", flowStep: "full_protocol_flow" },
  ],
};
const METHODS = new Set(["initialize", ...Object.keys(STEPS)]);

/** One MCP session, from its `initialize`. */
interface Session {
  readonly beganMs: number;
  readonly serverName: string | undefined;
  /** When each method came first, on the monotonic clock. */
  readonly firstMs: Map<string, number>;
}

/**
 * Measures how long clients take from `initialize` to `tools/list` and on to their first `tools/call`, and
 * emits `protocol_latency`: each step once in a session, whatever comes again later.
 */
export class ProtocolFlow {
  readonly #client: MetricsClient;
  readonly #clock: Clock;
  readonly #sessionsMax: number;
  readonly #sessionMs: number;
  /** By session id, in the order in which they began. */
  readonly #sessions = new Map<string, Session>();

  constructor(client: MetricsClient, options: ProtocolFlowOptions = {}) {
    this.#client = client;
    this.#clock = options.clock ?? systemClock;
    this.#sessionsMax = options.sessionsMax ?? 10_000;
    this.#sessionMs = options.sessionMs ?? HOUR_MS;
  }

  /** Sessions that are followed now. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /**
   * A client has called `method` in this session. Only `initialize`, `tools/list` and `tools/call` count, and
   * each only the first time; a session whose `initialize` was not seen is not measured. Never throws.
   */
  record(sessionId: string, method: string, serverName?: string): void {
    if (!METHODS.has(method)) return;
    const nowMs = this.#clock.monotonicMs();
    if (method === "initialize") {
      this.#begin(sessionId, nowMs, serverName);
      return;
    }
    const session = this.#sessions.get(sessionId);
    if (session === undefined || session.firstMs.has(method)) return;
    if (nowMs - session.beganMs > this.#sessionMs) {
      this.#sessions.delete(sessionId);
      return;
    }
    session.firstMs.set(method, nowMs);
    for (const { from, flowStep } of STEPS[method] ?? []) {
      const fromMs = session.firstMs.get(from);
      if (fromMs === undefined) continue;
      const seconds = (nowMs - fromMs) / 1000;
      this.#client.emitProtocolLatency({ flowStep, seconds, serverName: serverName ?? session.serverName });
    }
  }

  /** The session is over: its memory is freed, and a later `initialize` under the same id starts anew. */
  end(sessionId: string): void {
    this.#sessions.delete(sessionId);
  }

  /** Follows a session, and forgets those that are too old or too many. */
  #begin(sessionId: string, nowMs: number, serverName: string | undefined): void {
    const known = this.#sessions.get(sessionId);
    // Whoever initializes twice in a session counts from the first time.
    if (known !== undefined && nowMs - known.beganMs <= this.#sessionMs) return;
    this.#sessions.delete(sessionId);
    this.#sessions.set(sessionId, {
      beganMs: nowMs,
      serverName,
      firstMs: new Map([["initialize", nowMs]]),
    });
    for (const [oldest, { beganMs }] of this.#sessions) {
      const isOver = nowMs - beganMs > this.#sessionMs;
      if (!isOver && this.#sessions.size <= this.#sessionsMax) break;
      this.#sessions.delete(oldest);
    }
  }
}

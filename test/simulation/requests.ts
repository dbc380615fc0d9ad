import type { Random } from "../../bench/random.ts";
import type { Principal } from "../../src/access/call.ts";
import type { SubmittedMetrics } from "../../src/ingest/submission.ts";
import type { SentPoints } from "../../src/otlp/data-point.ts";

/** What a client wants stored; it may send it more than once. */
export type Request = SubmitRequest | ExportRequest;

export interface SubmitRequest {
  readonly kind: "submit";
  readonly principal: Principal;
  readonly key: string | undefined;
  readonly body: SubmittedMetrics;
  /** Of its good metrics, by value, which no other metric has: everything but the value as it is stored. */
  readonly rows: ReadonlyMap<number, string>;
  readonly rejected: number;
  /** Whether the principal may not write for the service it names. */
  readonly isForeign: boolean;
}

/** Points of one process: of all its series that count since its start, or deltas. */
export interface ExportRequest {
  readonly kind: "export";
  readonly principal: Principal;
  /** As those of a submission: of its deltas. */
  readonly rows: ReadonlyMap<number, string>;
  readonly sent: SentPoints;
  /** What all of its series have counted by then; 0 where it is deltas. */
  readonly total: number;
}

export const PRINCIPALS: readonly Principal[] = [
  { apiKeyId: 1, service: "auth", role: "writer", allowedServices: [] },
  { apiKeyId: 2, service: "registry", role: "writer", allowedServices: [] },
];

const TYPES = [
  { type: "auth_request", dimension: "method" },
  { type: "tool_execution", dimension: "tool_name" },
] as const;
const SERIES = ["get", "put"];
const INSTRUMENT = { name: "mcp_auth_requests_total", unit: "1", scope: "" };
/** How the instrument's name is kept. */
const SHAPE = '["instrument"]|[]';
const PAYLOAD = JSON.stringify([INSTRUMENT.name]);

/** Makes what clients send. Every metric has a value of its own, by which it is found in the database. */
export class Clients {
  readonly #random: Random;
  readonly #counts = new Map<Principal, { values: number[]; timeMs: number }>();
  readonly #startMs: number;
  /** Above what counters reach. */
  #next = 1_000_000;

  constructor(random: Random, startMs: number) {
    this.#random = random;
    this.#startMs = startMs;
  }

  submit(metrics: number, key: string | undefined, principal = this.#random.pick(PRINCIPALS)): SubmitRequest {
    const random = this.#random;
    const isForeign = random.chance(0.03);
    const service = isForeign ? "another" : principal.service;
    const instance = random.pick(["", "a", "b"]);
    const rows = new Map<number, string>();
    const sent: unknown[] = [];
    for (let left = metrics; left > 0; left -= 1) {
      const value = this.#next++;
      const { type, dimension } = random.pick(TYPES);
      if (metrics > 1 && random.chance(0.05)) {
        sent.push({ type, value: "many" });
        continue;
      }
      const dimensions = random.chance(0.3) ? {} : { [dimension]: random.pick(["x", "y", "z"]) };
      const duration = random.chance(0.5) ? random.below(1000) : undefined;
      const note = random.chance(0.2) ? `n${value}` : undefined;
      sent.push({ type, value, dimensions, duration_ms: duration, metadata: note && { note } });
      const shape = note === undefined ? "" : '[]|["note"]';
      const payload = note === undefined ? "" : JSON.stringify([note]);
      const source = `${service}|1.0.0|${instance}|${principal.apiKeyId}`;
      const set = `${type}|${JSON.stringify(dimensions)}`;
      rows.set(value, [source, set, shape, duration ?? Number.NaN, payload].join("|"));
    }
    const body = { service, version: "1.0.0", instance_id: instance, idempotency_key: key, metrics: sent };
    return { kind: "submit", principal, key, body, rows, rejected: sent.length - rows.size, isForeign };
  }

  /** The counters of the principal's process, after it has counted some more. */
  export(nowMs: number, principal = this.#random.pick(PRINCIPALS)): ExportRequest {
    const before = this.#counts.get(principal) ?? { values: SERIES.map(() => 1), timeMs: this.#startMs };
    // Nothing may have happened since: then there is no row, only the last point of each series.
    const isIdle = this.#random.chance(0.3);
    const values = before.values.map((value) => value + (isIdle ? 0 : this.#random.below(5)));
    const timeMs = Math.max(before.timeMs + 1, nowMs);
    this.#counts.set(principal, { values, timeMs });
    const attributes = new Map([
      ["service.name", principal.service],
      ["service.instance.id", "counting"],
    ]);
    const points = values.map((value, at) => ({
      instrument: INSTRUMENT,
      attributes: new Map([["method", SERIES[at]]]),
      startNs: BigInt(this.#startMs - 1000) * 1_000_000n,
      timeNs: BigInt(timeMs) * 1_000_000n,
      data: { kind: "sum", temporality: "cumulative", isMonotonic: true, value } as const,
    }));
    const fingerprint = `${principal.service} ${timeMs}`;
    const resources = [{ attributes, points, fingerprint }];
    const sent = { count: points.length, leftOut: [], read: async () => resources };
    return {
      kind: "export",
      principal,
      rows: new Map(),
      sent,
      total: values.reduce((sum, value) => sum + value, 0),
    };
  }

  /** What has happened since the last time, which no series is known for. */
  deltas(nowMs: number, principal = this.#random.pick(PRINCIPALS)): ExportRequest {
    const value = this.#next++;
    const attributes = new Map([
      ["service.name", principal.service],
      ["service.instance.id", "counting"],
    ]);
    const timeNs = BigInt(nowMs) * 1_000_000n;
    const data = { kind: "sum", temporality: "delta", isMonotonic: true, value } as const;
    const point = { instrument: INSTRUMENT, attributes: new Map(), startNs: timeNs - 1n, timeNs, data };
    const resources = [{ attributes, points: [point], fingerprint: `delta ${value}` }];
    const sent = { count: 1, leftOut: [], read: async () => resources };
    const source = `${principal.service}||counting|${principal.apiKeyId}`;
    const rows = new Map([[value, [source, "auth_request|{}", SHAPE, Number.NaN, PAYLOAD].join("|")]]);
    return { kind: "export", principal, rows, sent, total: 0 };
  }

  /** When the newest of all exported points was measured. */
  get newestPointMs(): number {
    return Math.max(this.#startMs, ...[...this.#counts.values()].map(({ timeMs }) => timeMs));
  }
}

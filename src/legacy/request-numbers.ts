import type { LegacyMetric } from "../sqlite/legacy/legacy-source.ts";

/** Requests remembered: metrics of one stand near each other, if not always side by side. */
const REQUESTS_MAX = 20_000;
const PER_SECOND = 2 ** 19;
/** The upper half of each second: a service that ran beside the predecessor counted from the lower end. */
const FIRST = 2 ** 18;

export type NumberRequest = (row: Pick<LegacyMetric, "id" | "requestId">, createdMs: number) => number;

/**
 * The number of a predecessor's request: the second in which its first metric was stored, and that metric's
 * id. The metrics of a request share it; the request id itself, a random text, is not kept.
 *
 * Depends on nothing but the rows seen before, so that an interrupted import gives the same numbers.
 */
export function createNumberRequest(nowMs: number): NumberRequest {
  let recent = new Map<string, number>();
  let older = new Map<string, number>();
  return ({ id, requestId }, createdMs) => {
    const name = requestId === null ? undefined : String(requestId);
    const known = name === undefined ? undefined : (recent.get(name) ?? older.get(name));
    // Not later than now, or the service's own numbers would have to go on from there.
    const second = Math.max(0, Math.floor(Math.min(createdMs, nowMs) / 1000));
    const number = known ?? second * PER_SECOND + FIRST + (id % FIRST);
    if (name !== undefined) {
      recent.set(name, number);
      if (recent.size >= REQUESTS_MAX) {
        older = recent;
        recent = new Map();
      }
    }
    return number;
  };
}

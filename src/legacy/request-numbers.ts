import type { LegacyMetric } from "../sqlite/legacy/legacy-source.ts";

/**
 * Requests remembered, twice as many at the most: the rows of one stand near each other, if not side by side.
 */
const REQUESTS_MAX = 20_000;
/** Numbers of a second: a request number is its second since 1970 UTC, and 19 bits that count within it. */
const PER_SECOND = 2 ** 19;
/**
 * Imported requests have the upper half of each second: a service that ran beside the predecessor counted up
 * from the lower end, and its numbers must stay its own.
 */
const FIRST = 2 ** 18;

/**
 * The number of the request that a row belongs to; `createdMs`: when the row was stored, ms since 1970 UTC.
 */
export type NumberRequest = (row: Pick<LegacyMetric, "id" | "requestId">, createdMs: number) => number;

/**
 * The numbers of a predecessor's requests: the second in which its first metric was stored, and the low 18
 * bits of that metric's id. The metrics of a request share it; the request id itself, a random text, is not
 * kept.
 *
 * It depends on nothing but the rows seen before, so that an interrupted import gives the same numbers. Two
 * requests of one second share a number when their ids are 2^18 apart, which no second of a predecessor has.
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

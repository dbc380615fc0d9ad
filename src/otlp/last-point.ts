import type { CumulativeReading, LastPoint } from "./since-last.ts";

/** A point as it is kept in the database. */
export function encodeLastPoint({ timeNs, reading }: LastPoint): string {
  return JSON.stringify({ timeNs: String(timeNs), reading });
}

/** … as `encodeLastPoint` wrote it. */
export function decodeLastPoint(json: string): LastPoint {
  const { timeNs, reading } = JSON.parse(json) as { timeNs: string; reading: CumulativeReading };
  return { timeNs: BigInt(timeNs), reading };
}

/** Whether a series stands where it stood. */
export function isUnchanged(before: LastPoint, now: LastPoint): boolean {
  return JSON.stringify(before.reading) === JSON.stringify(now.reading);
}

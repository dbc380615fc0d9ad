import type { DataPoint, Reading } from "./data-point.ts";
import type { CumulativeReading } from "./since-last.ts";

/**
 * Whether a reading is stored as what it adds to the one before. A cumulative sum that can fall is a level,
 * such as the requests in work, and is stored as it is.
 */
export function isCounting(reading: Reading): reading is CumulativeReading {
  if (reading.kind === "sum") return reading.temporality === "cumulative" && reading.isMonotonic;
  return "temporality" in reading && reading.temporality === "cumulative";
}

export function isCountingPoint({ reading }: DataPoint): boolean {
  return isCounting(reading);
}

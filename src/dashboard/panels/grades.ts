import type { Grade } from "../parts/stat-tile.ts";

/** Shares of 0 to 1. Below the first, success is critical; above the second, it is good. */
const SUCCESS_FAIR_MIN = 0.85;
const SUCCESS_GOOD_MIN = 0.95;

/**
 * The grade of a share of successes: poor below 85 %, fair up to 95 %, good above. NaN, when nothing
 * happened, has none.
 */
export function gradeSuccess(share: number): Grade {
  if (!Number.isFinite(share)) return "none";
  if (share < SUCCESS_FAIR_MIN) return "poor";
  return share > SUCCESS_GOOD_MIN ? "good" : "fair";
}

import type { Grade } from "../parts/stat-tile.ts";

/** Authentication success: below the first critical, from the second on good. */
const SUCCESS_FAIR_MIN = 0.85;
const SUCCESS_GOOD_MIN = 0.95;

/** Red below 85 %, orange up to 95 %, green above. */
export function gradeSuccess(share: number): Grade {
  if (!Number.isFinite(share)) return "none";
  if (share < SUCCESS_FAIR_MIN) return "poor";
  return share > SUCCESS_GOOD_MIN ? "good" : "fair";
}

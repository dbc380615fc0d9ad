import { parseStatistic, STATISTIC_NAMES } from "../../store/plan/statistics.ts";
import type { QueryViolations } from "./violations.ts";

/** Statistics that a query may ask for. */
const STATISTICS_MAX = 20;

/** Names of statistics, each once. Violations are noted. */
export function readStatistics(
  names: readonly string[],
  field: string,
  violations: QueryViolations,
): readonly string[] {
  if (names.length > STATISTICS_MAX) {
    violations.add(field, "too_many", `${names.length} statistics, at most ${STATISTICS_MAX}`);
    return [];
  }
  for (const name of names) {
    if (parseStatistic(name) !== undefined) continue;
    violations.add(
      field,
      "unknown",
      `unknown statistic ${JSON.stringify(name)}; there are ${STATISTIC_NAMES}`,
    );
  }
  return [...new Set(names)];
}

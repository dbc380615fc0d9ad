import type { Distribution } from "../../catalogue/measurement.ts";
import { readDistribution } from "../../store/distribution.ts";
import type { Row } from "../file/database.ts";

/** SQL for the distributions of an answer's measurements, to be read by `readDistributions`: few have one. */
export const DISTRIBUTIONS =
  "json_group_object(id, distribution) FILTER (WHERE distribution IS NOT NULL) AS distributions";

/** By the id of the measurement. */
export function readDistributions(row: Row | undefined): ReadonlyMap<number, Distribution> {
  const found = new Map<number, Distribution>();
  const json = String(row?.distributions ?? "{}");
  if (json === "{}") return found;
  for (const [id, text] of Object.entries(JSON.parse(json) as Record<string, string>)) {
    const distribution = readDistribution(text);
    if (distribution !== undefined) found.set(Number(id), distribution);
  }
  return found;
}

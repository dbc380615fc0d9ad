import { SummaryGroup } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import type { Api } from "../api/api.ts";
import type { SubjectDimension } from "../state/page-state.ts";
import { hasDimension, type MetricTypes } from "./metric-types.ts";
import { type QueryScope, toSelection } from "./scope.ts";

/** How many metrics of each type there are; types without any are not in it. */
type Counts = ReadonlyMap<string, number>;
type Known = Pick<MetricTypes, "known">;

/** What the scope has of each type. Nothing where the service gives no answer: whoever asks it more learns why. */
export async function countTypes(
  { query }: Pick<Api, "query">,
  scope: QueryScope,
  signal: AbortSignal,
): Promise<Counts> {
  const request = { ...toSelection(scope, []), group: SummaryGroup.TYPE, statistics: ["count"] };
  const answer = await query.summary(request, { signal }).catch(() => undefined);
  return new Map((answer?.rows ?? []).map(({ name, statistics }) => [name, statistics.count ?? 0]));
}

/**
 * Of which metric type the figures of a page are: what the address says, if the page's dimension tells its metrics
 * apart; else what is shown already, because figures do not change their meaning by themselves; else calls of tools,
 * whoever reports them; else whatever there is most of.
 */
export function chooseType(
  metricTypes: Known,
  dimension: SubjectDimension,
  counts: Counts,
  { wanted, shown }: { readonly wanted?: string | undefined; readonly shown?: string | undefined },
): string {
  const suits = (type: string) => hasDimension(metricTypes, type, dimension);
  if (wanted !== undefined && suits(wanted)) return wanted;
  const calls = metricTypes.known
    .filter(({ dimensions }) => dimensions.includes("tool"))
    .map(({ name }) => name);
  const [most] = [...counts].filter(([type]) => suits(type)).sort(([, a], [, b]) => b - a);
  const there = [shown, ...calls].find((type) => type !== undefined && counts.has(type) && suits(type));
  return there ?? most?.[0] ?? calls[0] ?? "tool_execution";
}

/** In the catalogue's order: the types there are some of, and the one that is shown; with how many there are. */
export function typesToChoose(
  { known }: Known,
  dimension: SubjectDimension,
  counts: Counts,
  shown: string,
): readonly (readonly [type: string, count: number])[] {
  const names = [...new Set([...known.map(({ name }) => name), ...counts.keys(), shown])];
  return names
    .filter((name) => name === shown || (counts.has(name) && hasDimension({ known }, name, dimension)))
    .map((name) => [name, counts.get(name) ?? 0]);
}

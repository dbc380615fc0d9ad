import { SummaryGroup, type SummaryResponse } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import { element } from "../dom/element.ts";
import { createPanel, type Panel } from "../parts/panel.ts";
import { createStatTile, type Stat } from "../parts/stat-tile.ts";
import { coveredSeconds, describeCoverage } from "../query/coverage.ts";
import { toSelection } from "../query/scope.ts";
import { rangeBefore } from "../state/time-range.ts";

/** Statistics by name, for a metric type or for all; empty where there was nothing. */
export type StatisticValues = Readonly<Record<string, number>>;

export interface StatDefinition {
  readonly id: string;
  readonly label: string;
  /** @param before the same length of time before. */
  readonly read: (now: StatisticsOf, before: StatisticsOf) => Stat;
}

/** … of a metric type, or with no name of all that were asked for. */
export type StatisticsOf = (type?: string) => StatisticValues;

interface Compared {
  readonly now: SummaryResponse;
  readonly before: SummaryResponse;
}

const STATISTICS = ["count", "successes", "errors", "error_rate", "p50", "p95", "p99"];

/**
 * The numbers at the top of a page, and how they compare with the time before.
 *
 * @param onNothing what to do where there is none of it
 */
export function statStrip(
  id: string,
  title: string,
  types: readonly string[],
  stats: readonly StatDefinition[],
  onNothing?: string,
): Panel {
  const tiles = stats.map((stat) => ({ ...createStatTile(stat.label, stat.id), read: stat.read }));
  const panel = createPanel<Compared>({
    id,
    title,
    columns: 12,
    body: element("dl", { class: "stats" }, ...tiles.map((tile) => tile.element)),
    async query(api, scope, signal) {
      const request = { group: SummaryGroup.TYPE, statistics: STATISTICS };
      const earlier = { ...scope, range: rangeBefore(scope.range) };
      const [now, before] = await Promise.all([
        api.query.summary({ ...request, ...toSelection(scope, types) }, { signal }),
        api.query.summary({ ...request, ...toSelection(earlier, types) }, { signal }),
      ]);
      return { now, before };
    },
    render({ now, before }, scope) {
      const [current, earlier] = [totalsOf(now, scope.nowMs), totalsOf(before, scope.nowMs)];
      for (const tile of tiles) tile.show(tile.read(current, earlier));
    },
    remark: ({ now }, scope) => (now.rows.length === 0 ? onNothing : describeCoverage(now.range, scope)),
    // A strip of dashes says as much as a sentence, and nothing jumps.
    isEmpty: () => false,
    emptyText: "",
  });
  panel.element.classList.add("panel-strip");
  return panel;
}

/** With the rate a second of what has passed: an hour that is not over counts as far as it is. */
function totalsOf({ rows, totals, range }: SummaryResponse, nowMs: number): StatisticsOf {
  const seconds = coveredSeconds(range, nowMs);
  return (type) => {
    const found = type === undefined ? totals : rows.find(({ name }) => name === type)?.statistics;
    return found?.count === undefined ? {} : { ...found, rate: found.count / seconds };
  };
}

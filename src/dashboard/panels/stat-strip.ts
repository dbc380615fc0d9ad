import { SummaryGroup, type SummaryResponse } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import { element } from "../dom/element.ts";
import { createPanel, type Panel } from "../parts/panel.ts";
import { createStatTile, type Stat } from "../parts/stat-tile.ts";
import { coveredSeconds, describeCoverage } from "../query/coverage.ts";
import { toSelection } from "../query/scope.ts";
import { rangeBefore } from "../state/time-range.ts";

/** Statistics by name, as Summary answers them, and `rate` a second. Empty where nothing was submitted. */
export type StatisticValues = Readonly<Record<string, number>>;

/** A tile of the strip. */
export interface StatDefinition {
  /** Identifies the tile within the page, as `data-stat`. */
  readonly id: string;
  readonly label: string;
  /**
   * What the tile shows.
   * @param now statistics of the page's time
   * @param before those of a time of the same length just before it
   */
  readonly read: (now: StatisticsOf, before: StatisticsOf) => Stat;
}

/** The statistics of a metric type, or without a name those of all types that were asked for: of the page's one. */
export type StatisticsOf = (type?: string) => StatisticValues;

/** Answers for the page's time and for the time before it. */
interface Compared {
  readonly now: SummaryResponse;
  readonly before: SummaryResponse;
}

/** All that any tile reads: one call serves the whole strip. */
const STATISTICS = ["count", "successes", "errors", "error_rate", "p50", "p95", "p99"];

/**
 * A row of tiles with the most important numbers, each compared with a time of the same length just before.
 *
 * @param types metric types to ask for; undefined: that of the page
 * @param onNothing a hint shown below the tiles when nothing was submitted
 */
export function statStrip(
  id: string,
  title: string,
  types: readonly string[] | undefined,
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

/**
 * Adds the rate a second over the part of the answered range that has passed: the service's own `rate`
 * divides by the whole range, of which some may still be ahead.
 */
function totalsOf({ rows, totals, range }: SummaryResponse, nowMs: number): StatisticsOf {
  const seconds = coveredSeconds(range, nowMs);
  return (type) => {
    const found = type === undefined ? totals : rows.find(({ name }) => name === type)?.statistics;
    return found?.count === undefined ? {} : { ...found, rate: found.count / seconds };
  };
}

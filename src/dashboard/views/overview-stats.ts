import {
  formatChange,
  formatCount,
  formatDuration,
  formatExact,
  formatRate,
  formatShare,
  orNaN,
} from "../format/numbers.ts";
import { gradeSuccess } from "../panels/grades.ts";
import type { StatDefinition, StatisticValues } from "../panels/stat-strip.ts";
import type { Stat } from "../parts/stat-tile.ts";

/** A tile about one metric type. */
interface TypeStat extends StatDefinition {
  readonly type: string;
}

/** @param read turns the type's statistics of this range and of the one before into what the tile shows. */
function typeStat(
  type: string,
  id: string,
  label: string,
  read: (now: StatisticValues, before: StatisticValues) => Stat,
): TypeStat {
  return { type, id, label, read: (now, before) => read(now(type), before(type)) };
}

function compared(now: number | undefined, before: number | undefined): string | undefined {
  return formatChange(orNaN(now), orNaN(before));
}

/** The tiles of the overview, from left to right. */
export const OVERVIEW_STATS: readonly TypeStat[] = [
  typeStat("tool_execution", "tool-calls", "MCP requests", ({ count, rate }, before) => ({
    value: formatCount(count ?? 0),
    // Rates, not counts: the service may have widened the two ranges to whole hours by different lengths.
    change: compared(rate, before.rate),
    note: formatRate(rate ?? 0),
  })),
  typeStat(
    "auth_request",
    "auth-success",
    "Authentication success",
    ({ count, errors, error_rate }, before) => {
      const success = 1 - orNaN(error_rate);
      return {
        value: formatShare(success),
        change: formatChange(success, 1 - orNaN(before.error_rate)),
        note: count ? `${formatExact(orNaN(errors))} of ${formatCount(count)} failed` : "no requests",
        grade: gradeSuccess(success),
      };
    },
  ),
  typeStat("tool_execution", "tool-errors", "Request errors", ({ errors, error_rate }, before) => ({
    value: formatShare(orNaN(error_rate)),
    change: compared(error_rate, before.error_rate),
    note: `${formatExact(errors ?? 0)} failed`,
  })),
  typeStat("tool_execution", "tool-p95", "Request latency P95", ({ p50, p95 }, before) => ({
    value: formatDuration(orNaN(p95)),
    change: compared(p95, before.p95),
    note: `P50 ${formatDuration(orNaN(p50))}`,
  })),
  typeStat("protocol_latency", "flow", "Protocol flow P95", ({ count, p95 }, before) => ({
    value: formatDuration(orNaN(p95)),
    change: compared(p95, before.p95),
    note: `${formatCount(count ?? 0)} steps`,
  })),
  typeStat("tool_discovery", "discovery", "Tool discoveries", ({ count, rate, p95 }, before) => ({
    value: formatCount(count ?? 0),
    change: compared(rate, before.rate),
    note: `P95 ${formatDuration(orNaN(p95))}`,
  })),
];

/** The metric types that the tiles need: asked for with one Summary for all of them. */
export const OVERVIEW_TYPES: readonly string[] = [...new Set(OVERVIEW_STATS.map(({ type }) => type))];

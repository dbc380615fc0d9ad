import type { TimeRange } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import { formatClock, formatDay } from "../format/time.ts";
import type { QueryScope } from "./scope.ts";

/** The answered time may be longer than the one asked for by this share before the page mentions it. */
const WIDER_SHARE_MAX = 0.02;

/** Seconds of an answered range that have passed; at least one, so that it can be divided by. */
export function coveredSeconds(range: TimeRange | undefined, nowMs: number): number {
  const { startMs, endMs } = boundsOf(range);
  return Math.max(1, Math.min(endMs, nowMs) - startMs) / 1000;
}

/**
 * A sentence for answers that cover more than was asked for, undefined for all others. The service widens a
 * range to whole hours or days when its ends would have too many single metrics to add up, and totals are of
 * that time.
 */
export function describeCoverage(
  range: TimeRange | undefined,
  { range: asked, nowMs }: QueryScope,
): string | undefined {
  const { startMs, endMs } = boundsOf(range);
  const askedMs = asked.endMs - asked.startMs;
  const answeredMs = Math.min(endMs, nowMs) - startMs;
  if (range === undefined || answeredMs <= askedMs * (1 + WIDER_SHARE_MAX)) return undefined;
  const isOneDay = formatDay(startMs) === formatDay(endMs);
  const moment = (ms: number) => (isOneDay ? formatClock(ms) : `${formatDay(ms)}, ${formatClock(ms)}`);
  return `Counted in whole hours or days: ${moment(startMs)} – ${endMs > nowMs ? "now" : moment(endMs)}.`;
}

/** In milliseconds since 1970; zeros for an answer without a range. */
function boundsOf(range: TimeRange | undefined) {
  return {
    startMs: Number(range?.start?.seconds ?? 0) * 1000,
    endMs: Number(range?.end?.seconds ?? 0) * 1000,
  };
}

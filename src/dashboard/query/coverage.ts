import type { TimeRange } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import { formatClock, formatDay } from "../format/time.ts";
import type { QueryScope } from "./scope.ts";

/** A wider answer than by this share is another answer. */
const WIDER_SHARE_MAX = 0.02;

/** What time an answer is about, as far as it has passed. */
export function coveredSeconds(range: TimeRange | undefined, nowMs: number): number {
  const { startMs, endMs } = boundsOf(range);
  return Math.max(1, Math.min(endMs, nowMs) - startMs) / 1000;
}

/** Says so where the service answered for whole hours or days, because single metrics were too many to add up. */
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

function boundsOf(range: TimeRange | undefined) {
  return {
    startMs: Number(range?.start?.seconds ?? 0) * 1000,
    endMs: Number(range?.end?.seconds ?? 0) * 1000,
  };
}

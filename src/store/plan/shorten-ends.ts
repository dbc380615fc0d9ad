import { HOUR_MS } from "../../lib/time.ts";
import type { TimeRange } from "../queries.ts";
import { ceil, floor, type Plan, type Plans, type Segment } from "./planner.ts";

export interface EndsOptions {
  /** How many raw rows of all types a range has; it may stop counting where nobody would read so many. */
  readonly count: (range: TimeRange) => number;
  /** Whether what the query asks for can be told of all rows less some: counts and bins can, extremes cannot. */
  readonly canSubtract: boolean;
}

/**
 * Read the ends of a range that lie within an hour from the rollup of the hour, less the raw rows of it that
 * lie outside, where those are fewer than the ones inside. For a range that ends now, there are hardly any.
 */
export function shortenEnds({ range, plans }: Plans, options: EndsOptions): Plans {
  return { range, plans: plans.map((plan) => shorten(plan, options)) };
}

function shorten(plan: Plan, { count, canSubtract }: EndsOptions): Plan {
  const { rawFromMs, hourlyFromMs } = plan.input.stored;
  const less: TimeRange[] = [];
  const segments = plan.segments.map((segment): Segment => {
    const outside = outsideOf(segment);
    if (plan.family === undefined || outside === undefined) return segment;
    if (outside.startMs < rawFromMs || floor(segment.startMs, HOUR_MS) < hourlyFromMs) return segment;
    const rows = count(outside);
    if ((rows > 0 && !canSubtract) || rows >= count(segment)) return segment;
    if (rows > 0) less.push(outside);
    return { ...segment, source: "hourly" };
  });
  return { ...plan, segments: joined(segments), less };
}

/** The other part of the hour that a raw segment is the beginning or the end of. */
function outsideOf({ source, startMs, endMs }: Segment): TimeRange | undefined {
  if (source !== "raw" || endMs - startMs >= HOUR_MS) return undefined;
  if (startMs % HOUR_MS === 0) return { startMs: endMs, endMs: ceil(endMs, HOUR_MS) };
  if (endMs % HOUR_MS === 0) return { startMs: floor(startMs, HOUR_MS), endMs: startMs };
  return undefined;
}

/** Neighbours of one source as one segment. */
function joined(segments: readonly Segment[]): Segment[] {
  const found: Segment[] = [];
  for (const segment of segments) {
    const last = found.at(-1);
    if (last?.source === segment.source) found[found.length - 1] = { ...last, endMs: segment.endMs };
    else found.push(segment);
  }
  return found;
}

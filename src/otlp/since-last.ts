/**
 * From counting since the start to counting since the last point
 * (https://opentelemetry.io/docs/specs/otel/metrics/data-model/#temporality).
 *
 * A series is told apart by its start time too, so that one that starts anew is another one, and two
 * processes under one name do not disturb each other.
 */
import type { ExplicitReading, HistogramReading, SumReading } from "./data-point.ts";
import { exponentialSince } from "./exponential-since.ts";

export type CumulativeReading = SumReading | HistogramReading;

/** The last point of a series that was counted. */
export interface LastPoint {
  readonly timeNs: bigint;
  readonly reading: CumulativeReading;
}

/**
 * What a reading adds to the one before.
 *
 * A value that fell without a new start time has begun at zero in between, as Prometheus sees it: it was
 * reset by somebody who does not say so.
 */
export function sinceLast(last: CumulativeReading, reading: CumulativeReading): CumulativeReading {
  if (reading.kind === "sum") {
    if (last.kind !== "sum" || reading.value < last.value) return reading;
    return { ...reading, value: reading.value - last.value };
  }
  if (last.kind === "sum" || reading.count < last.count) return reading;
  const count = reading.count - last.count;
  const sum = (reading.sum ?? 0) - (last.sum ?? 0);
  // How far it reached since then nobody knows.
  const since = { count, sum, min: undefined, max: undefined };
  if (reading.kind === "histogram" && last.kind === "histogram")
    return explicitSince(last, { ...reading, ...since }, reading.counts);
  if (reading.kind === "exponential histogram" && last.kind === "exponential histogram")
    return exponentialSince(last, reading, since) ?? withoutBuckets(reading, since);
  return withoutBuckets(reading, since);
}

function explicitSince(
  last: ExplicitReading,
  reading: ExplicitReading,
  counts: readonly number[],
): ExplicitReading {
  const isAlike =
    last.bounds.length === reading.bounds.length &&
    last.bounds.every((bound, index) => bound === reading.bounds[index]);
  const differences = counts.map((count, index) => count - (last.counts[index] ?? 0));
  if (isAlike && differences.every((count) => count >= 0)) return { ...reading, counts: differences };
  return withoutBuckets(reading, reading);
}

/** Count and sum are known all the same where the buckets do not fit together. */
function withoutBuckets(
  { temporality }: HistogramReading,
  { count, sum, min, max }: Pick<HistogramReading, "count" | "sum" | "min" | "max">,
): ExplicitReading {
  return { kind: "histogram", temporality, count, sum, min, max, bounds: [], counts: [] };
}

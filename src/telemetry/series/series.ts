/**
 * Counters, gauges and histograms in plain memory.
 *
 * OpenTelemetry's instruments were measured and are not used for recording: an add and a record cost
 * 1.15 µs; with cumulative readers their memory is not bounded by the cardinality limit, and a reader
 * that nobody reads (no scraper yet) piles up every collection of the other one (sdk-metrics 3.1.0,
 * TemporalMetricProcessor). The exporters read these families instead, as metric-data.ts translates
 * them: exposition/ for Prometheus, otlp/producer.ts for the SDK's reader as a MetricProducer.
 */

/** A metric family in the sense of Prometheus: a name, a kind, and the labels of its series. */
export interface MetricFamilyDefinition {
  /** As OpenTelemetry has it; Prometheus's is derived where it differs. */
  readonly name: string;
  readonly kind: "counter" | "gauge" | "histogram";
  /** UCUM. */
  readonly unit: string;
  readonly description: string;
  /** Names, in the order in which values are given. */
  readonly labels: readonly string[];
  /** Ascending upper bounds; for histograms. */
  readonly boundaries?: readonly number[];
}

/** A family and its series, which only grow in number unless somebody deletes one. */
export interface MetricFamily extends MetricFamilyDefinition {
  readonly boundaries: readonly number[];
  /** By `seriesKey`. */
  readonly series: Map<string, MetricSeries>;
}

/** One combination of label values of a family. Not exported while `count` is 0. */
export interface MetricSeries {
  readonly family: MetricFamily;
  readonly attributes: Readonly<Record<string, string>>;
  /** Wall clock at creation, in ms: since when a counter counts. */
  readonly startMs: number;
  /** A counter's total, a gauge's last value, a histogram's sum. */
  value: number;
  /** HistogramObservations so far. */
  count: number;
  /** Of a gauge: when its value was measured, ms since 1970 UTC. */
  measuredMs: number;
  /** When something was recorded last, ms since 1970 UTC. */
  seenMs: number;
  /** Observations in each bucket (not cumulated), the last for those above every bound. */
  readonly buckets: number[];
}

/** A family without series. */
export function createFamily(definition: MetricFamilyDefinition): MetricFamily {
  return { ...definition, boundaries: definition.boundaries ?? [], series: new Map() };
}

/** What a series with these label values goes by in its family. Different values, different key. */
export function seriesKey(values: readonly (string | undefined)[]): string {
  return JSON.stringify(values);
}

/**
 * The series with that key, created if need be. `key` must come from `seriesKey(values)`. It has no label
 * whose value is undefined.
 */
export function openSeries(
  family: MetricFamily,
  key: string,
  values: readonly (string | undefined)[],
  nowMs: number,
): MetricSeries {
  const known = family.series.get(key);
  if (known !== undefined) return known;
  const series: MetricSeries = {
    family,
    attributes: toAttributes(family.labels, values),
    startMs: nowMs,
    value: 0,
    count: 0,
    measuredMs: Number.NEGATIVE_INFINITY,
    seenMs: nowMs,
    buckets: family.kind === "histogram" ? new Array<number>(family.boundaries.length + 1).fill(0) : [],
  };
  family.series.set(key, series);
  return series;
}

function toAttributes(labels: readonly string[], values: readonly (string | undefined)[]) {
  const attributes: Record<string, string> = {};
  for (const [index, label] of labels.entries()) {
    const value = values[index];
    if (value !== undefined) attributes[label] = value;
  }
  return attributes;
}

/** Add to a counter or histogram, or set a gauge. `value` is finite; not negative for a counter. */
export function observe(series: MetricSeries, value: number): void {
  series.count += 1;
  if (series.family.kind === "gauge") {
    series.value = value;
    return;
  }
  series.value += value;
  if (series.family.kind !== "histogram") return;
  const bucket = findBucket(series.family.boundaries, value);
  series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1;
}

/** Add all of `other`, a counter or histogram with the same buckets. */
export function addSeries(series: MetricSeries, other: MetricSeries): void {
  series.count += other.count;
  series.value += other.value;
  series.seenMs = Math.max(series.seenMs, other.seenMs);
  for (const [bucket, count] of other.buckets.entries()) {
    series.buckets[bucket] = (series.buckets[bucket] ?? 0) + count;
  }
}

/** The observations that one measurement stands for. */
export interface HistogramObservations {
  readonly count: number;
  readonly sum: number;
  /** `counts[i]` of them count as `values[i]`. */
  readonly values: readonly number[];
  readonly counts: readonly number[];
}

/** Add several at once to a histogram. Everything is finite and not negative. */
export function observeAll(
  series: MetricSeries,
  { count, sum, values, counts }: HistogramObservations,
): void {
  series.count += count;
  series.value += sum;
  for (const [index, value] of values.entries()) {
    const bucket = findBucket(series.family.boundaries, value);
    series.buckets[bucket] = (series.buckets[bucket] ?? 0) + (counts[index] ?? 0);
  }
}

/** The index of the first bucket whose upper bound is not below `value` (Prometheus: `le`). */
function findBucket(boundaries: readonly number[], value: number): number {
  let bucket = 0;
  // A straight walk: there are some fifteen bounds and most durations stop at one of the first.
  for (const boundary of boundaries) {
    if (value <= boundary) return bucket;
    bucket += 1;
  }
  return bucket;
}

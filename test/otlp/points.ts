/** Points as the decoder makes them, for tests. */
import type {
  DataPoint,
  ExplicitHistogramData,
  ExponentialHistogramData,
  PointData,
} from "../../src/otlp/data-point.ts";

export const INSTRUMENT = { name: "calls", unit: "1", scope: "" };

export function dataPoint(data: PointData, changes: Partial<DataPoint> = {}): DataPoint {
  return { instrument: INSTRUMENT, attributes: new Map(), startNs: 1n, timeNs: 2n, data, ...changes };
}

export function explicit(changes: Partial<ExplicitHistogramData> = {}): ExplicitHistogramData {
  const none = { count: 0, sum: 0, min: undefined, max: undefined, bounds: [], counts: [] };
  return { kind: "histogram", temporality: "delta", ...none, ...changes };
}

const NO_BUCKETS = { offset: 0, counts: [] };

export function exponential(changes: Partial<ExponentialHistogramData> = {}): ExponentialHistogramData {
  const none = { count: 0, sum: 0, min: undefined, max: undefined, scale: 0, zeroThreshold: 0, zeroCount: 0 };
  const buckets = { positive: NO_BUCKETS, negative: NO_BUCKETS };
  return { kind: "exponential histogram", temporality: "delta", ...none, ...buckets, ...changes };
}

/** What an SDK makes of values: each in the bucket it belongs to. */
export function explicitOf(values: readonly number[], bounds: readonly number[]): ExplicitHistogramData {
  const counts = new Array<number>(bounds.length + 1).fill(0);
  for (const value of values) {
    const found = bounds.findIndex((bound) => value <= bound);
    const at = found === -1 ? bounds.length : found;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return explicit({ ...totalsOf(values), bounds, counts });
}

/** The same with buckets that grow by 2^(2^-scale); zeros apart. */
export function exponentialOf(values: readonly number[], scale: number): ExponentialHistogramData {
  const zeroCount = values.filter((value) => value === 0).length;
  const positive = bucketsOf(
    values.filter((value) => value > 0),
    scale,
  );
  const negative = bucketsOf(
    values.filter((value) => value < 0).map((value) => -value),
    scale,
  );
  return exponential({ ...totalsOf(values), scale, zeroCount, positive, negative });
}

function bucketsOf(values: readonly number[], scale: number) {
  const indexes = values.map((value) => Math.ceil(Math.log2(value) * 2 ** scale) - 1);
  if (indexes.length === 0) return NO_BUCKETS;
  const offset = Math.min(...indexes);
  const counts = new Array<number>(Math.max(...indexes) - offset + 1).fill(0);
  for (const index of indexes) counts[index - offset] = (counts[index - offset] ?? 0) + 1;
  return { offset, counts };
}

function totalsOf(values: readonly number[]) {
  const sum = values.reduce((total, value) => total + value, 0);
  const [min, max] = values.length === 0 ? [] : [Math.min(...values), Math.max(...values)];
  return { count: values.length, sum, min, max };
}

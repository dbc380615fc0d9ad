/** Histograms of which a part is odd, and what is stored of each. */
import type { HistogramData } from "../../src/otlp/data-point.ts";
import { explicit, explicitOf, exponential, exponentialOf } from "./points.ts";

interface OddPoint {
  readonly name: string;
  readonly data: HistogramData;
  readonly unit?: string;
  /** `field reason` of what is left out. */
  readonly leftOut: readonly string[];
  readonly count: number;
  /** Of a unit of time in ms. */
  readonly sum: number | undefined;
  readonly values?: readonly number[];
}

const INFINITE = { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };
const BOUNDS = [10, 100];
const TWO = explicitOf([5, 50], BOUNDS);
const without = (...names: readonly string[]) => Object.fromEntries(names.map((name) => [name, undefined]));

const EXTREMES: readonly OddPoint[] = [
  { name: "nothing odd", data: TWO, leftOut: [], count: 2, sum: 55, values: [5, 50] },
  {
    name: "extremes that nobody recorded",
    data: { ...TWO, ...INFINITE },
    leftOut: ["min not_finite", "max not_finite"],
    count: 2,
    sum: 55,
  },
  {
    name: "a NaN as the least",
    data: { ...TWO, min: Number.NaN },
    leftOut: ["min not_finite"],
    count: 2,
    sum: 55,
  },
  {
    name: "a greatest of 1e300",
    data: { ...TWO, max: 1e300 },
    leftOut: ["max not_finite"],
    count: 2,
    sum: 55,
  },
  {
    name: "a least above the greatest",
    data: { ...TWO, min: 60 },
    leftOut: ["min out_of_range"],
    count: 2,
    sum: 55,
  },
  {
    name: "a least above the mean",
    data: { ...TWO, min: 40 },
    leftOut: ["min out_of_range"],
    count: 2,
    sum: 55,
  },
  {
    name: "a greatest below it",
    data: { ...TWO, max: 20 },
    leftOut: ["max out_of_range"],
    count: 2,
    sum: 55,
  },
];

const SUMS: readonly OddPoint[] = [
  {
    name: "no sum",
    data: { ...TWO, ...without("sum") },
    leftOut: ["sum required"],
    count: 2,
    sum: 55,
    values: [5, 50],
  },
  {
    name: "a NaN in the sum",
    data: { ...TWO, sum: Number.NaN },
    leftOut: ["sum not_finite"],
    count: 2,
    sum: 55,
  },
  {
    name: "a NaN in the sum and both extremes",
    data: { ...TWO, sum: Number.NaN, min: Number.NaN, max: Number.NaN },
    leftOut: ["sum not_finite", "min not_finite", "max not_finite"],
    count: 2,
    sum: 60,
  },
  {
    name: "an infinite sum",
    data: { ...TWO, sum: Number.NEGATIVE_INFINITY },
    leftOut: ["sum not_finite"],
    count: 2,
    sum: 55,
  },
  { name: "a sum of 1e300", data: { ...TWO, sum: 1e300 }, leftOut: ["sum not_finite"], count: 2, sum: 55 },
  {
    name: "durations of which nothing else is known",
    data: explicit({ count: 3, ...without("sum") }),
    leftOut: ["sum required"],
    count: 3,
    sum: undefined,
    values: [1],
  },
  {
    name: "sizes of which nothing else is known",
    data: explicit({ count: 3, ...without("sum") }),
    unit: "By",
    leftOut: ["sum required"],
    count: 3,
    sum: 0,
  },
  {
    name: "sizes without their sum",
    data: { ...TWO, ...without("sum") },
    unit: "By",
    leftOut: ["sum required"],
    count: 2,
    sum: 55,
  },
  {
    name: "sizes beyond what a value may be",
    data: explicit({ count: 3, sum: 5e12 }),
    unit: "By",
    leftOut: ["sum out_of_range"],
    count: 3,
    sum: 1e12,
  },
  {
    name: "one exponential value without its sum",
    data: { ...exponentialOf([8], 3), ...without("sum") },
    leftOut: ["sum required"],
    count: 1,
    sum: 8,
  },
];

const infinity = Number.POSITIVE_INFINITY;
const BUCKETS: readonly OddPoint[] = [
  {
    name: "a last bound at infinity, with a bucket above it",
    data: { ...TWO, bounds: [10, 100, infinity], counts: [1, 1, 0, 0] },
    leftOut: [],
    count: 2,
    sum: 55,
    values: [5, 50],
  },
  {
    name: "… and without one",
    data: { ...TWO, bounds: [10, 100, infinity], counts: [1, 1, 0] },
    leftOut: [],
    count: 2,
    sum: 55,
    values: [5, 50],
  },
  {
    name: "a value in the bucket that begins at infinity",
    data: { ...explicitOf([5, 50], [10]), bounds: [10, infinity], counts: [1, 0, 1] },
    leftOut: [],
    count: 2,
    sum: 55,
    values: [5, 50],
  },
  {
    name: "a first bound at minus infinity",
    data: { ...TWO, bounds: [-infinity, 10, 100], counts: [0, 1, 1, 0] },
    leftOut: [],
    count: 2,
    sum: 55,
    values: [5, 50],
  },
  {
    name: "no bounds but infinity",
    data: { ...TWO, bounds: [infinity], counts: [2] },
    leftOut: [],
    count: 2,
    sum: 55,
    values: [5, 50],
  },
  ...[
    { name: "a bucket too few", bounds: [10], counts: [2], reason: "bucket_counts mismatch" },
    { name: "bounds alone", bounds: [10], counts: [], reason: "bucket_counts mismatch" },
    { name: "buckets of more", bounds: [10], counts: [2, 2], reason: "bucket_counts mismatch" },
    { name: "buckets of fewer", bounds: [10], counts: [1, 0], reason: "bucket_counts mismatch" },
    { name: "empty buckets", bounds: [10], counts: [0, 0], reason: "bucket_counts mismatch" },
    { name: "bounds that fall", bounds: [10, 5], counts: [1, 1, 0], reason: "explicit_bounds not_ascending" },
    { name: "equal bounds", bounds: [10, 10], counts: [1, 1, 0], reason: "explicit_bounds not_ascending" },
    { name: "NaN bounds", bounds: [Number.NaN], counts: [1, 1], reason: "explicit_bounds not_ascending" },
    {
      name: "too many buckets",
      bounds: Array.from({ length: 500 }, (_, index) => index),
      counts: [2, ...new Array(500).fill(0)],
      reason: "bucket_counts too_many",
    },
  ].map(({ name, bounds, counts, reason }) => ({
    name,
    data: { ...explicit({ count: 2, sum: 55 }), bounds, counts },
    leftOut: [reason],
    count: 2,
    sum: 55,
    values: [27.5],
  })),
  {
    name: "a count that was left out",
    data: { ...TWO, count: 0 },
    leftOut: ["count mismatch"],
    count: 2,
    sum: 55,
    values: [5, 50],
  },
];

const EXPONENTIAL: readonly OddPoint[] = [
  { name: "a scale of 1000", changes: { scale: 1000 }, reason: "scale out_of_range" },
  { name: "a scale of 21", changes: { scale: 21 }, reason: "scale out_of_range" },
  { name: "a scale of -11", changes: { scale: -11 }, reason: "scale out_of_range" },
  ...[2 ** 31 - 1, 1024, 1023, -(2 ** 31), -1075].flatMap((offset) =>
    (["positive", "negative"] as const).map((side) => ({
      name: `a ${side} offset of ${offset}`,
      changes: { [side]: { offset, counts: [2] } },
      reason: "offset out_of_range",
    })),
  ),
  { name: "no buckets", changes: {}, reason: "bucket_counts mismatch" },
  { name: "buckets of fewer", changes: { zeroCount: 1 }, reason: "bucket_counts mismatch" },
  {
    name: "too many buckets",
    changes: { scale: 4, positive: { offset: -250, counts: [2, ...new Array(500).fill(0)] } },
    reason: "bucket_counts too_many",
  },
].map(({ name, changes, reason }) => ({
  name: `exponential: ${name}`,
  data: exponential({ count: 2, sum: 55, ...changes }),
  leftOut: [reason],
  count: 2,
  sum: 55,
  values: [27.5],
}));

const DURATIONS: readonly OddPoint[] = [
  {
    name: "exponential: a NaN zero",
    data: { ...exponentialOf([8, 8], 0), zeroThreshold: Number.NaN },
    leftOut: ["zero_threshold out_of_range"],
    count: 2,
    sum: 16,
  },
  {
    name: "a negative duration among others",
    data: explicitOf([-5, 50], BOUNDS),
    leftOut: ["duration_ms negative"],
    count: 2,
    sum: 45,
    values: [0, 50],
  },
  {
    name: "a negative duration",
    data: explicitOf([-5], BOUNDS),
    leftOut: ["duration_ms negative"],
    count: 1,
    sum: 0,
  },
  {
    name: "negative durations",
    data: exponentialOf([-5, -6], 0),
    leftOut: ["duration_ms negative"],
    count: 2,
    sum: 0,
    values: [0, 0],
  },
  {
    name: "30 hours among shorter ones",
    data: explicitOf([5, 50, 108_000_000], BOUNDS),
    leftOut: ["duration_ms too_large"],
    count: 3,
    sum: 108_000_055,
    values: [5, 55, 108_000_000],
  },
  {
    name: "30 hours alone",
    data: explicitOf([108_000_000], BOUNDS),
    leftOut: ["duration_ms too_large"],
    count: 1,
    sum: 108_000_000,
  },
  {
    name: "what only a guess at the open bucket makes longer than a day",
    data: { ...explicitOf([5, 60_000_000, 80_000_000], BOUNDS), ...without("max") },
    leftOut: [],
    count: 3,
    sum: 140_000_005,
  },
];

export const ODD_HISTOGRAMS = [...EXTREMES, ...SUMS, ...BUCKETS, ...EXPONENTIAL, ...DURATIONS];

import type { DataPoint, Refusal } from "./data-point.ts";
import { histogramProblem } from "./histogram-problem.ts";

/** What is wrong with a point in itself, so that nothing can be made of it. */
export function readingProblem({ instrument, reading, timeNs }: DataPoint): Refusal | undefined {
  if (instrument.name === "") return refusal("name", "required", "the metric has no name");
  switch (reading.kind) {
    case "summary":
      return refusal("data", "summary", "a summary's quantiles cannot be added up; send a histogram");
    case "no recorded value":
      return refusal("flags", "no_recorded_value", "the point says that nothing was recorded");
    case "no value":
      return refusal("value", "required", "the point has no value");
    // The validator judges a gauge's value.
    case "gauge":
      return undefined;
    default:
      break;
  }
  if (reading.temporality === "unspecified")
    return refusal(
      "aggregation_temporality",
      "required",
      "aggregation_temporality must be delta or cumulative",
    );
  if (reading.temporality === "cumulative" && timeNs === 0n) {
    const message = "a cumulative point needs time_unix_nano: without it nobody knows which one is newer";
    return refusal("time_unix_nano", "required", message);
  }
  return reading.kind === "sum" ? sumProblem(reading) : histogramProblem(reading);
}

function sumProblem({ value, isMonotonic }: { value: number; isMonotonic: boolean }): Refusal | undefined {
  if (Number.isNaN(value)) return refusal("value", "nan", "value cannot be NaN");
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER)
    return refusal("value", "out_of_range", `a sum of ${value} cannot be counted exactly: at most ±2^53`);
  if (isMonotonic && value < 0)
    return refusal("value", "negative", `a monotonic sum cannot be negative: ${value}`);
  return undefined;
}

function refusal(field: string, reason: string, message: string): Refusal {
  return { field, reason, message };
}

import type { Violation } from "../errors.ts";
import type { Reject } from "../ingest/validate-fields.ts";
import type { DataPoint, PointData } from "./data-point.ts";
import { soundHistogram } from "./sound-histogram.ts";

/**
 * What a point says, without what is odd in it: a part of which nothing can be made is left out, told to
 * `leaveOut`, and costs no other part. A violation where nothing is left: of the rules of the data model those
 * without which a point means nothing, and of its numbers those that no double counts exactly.
 */
export function soundData({ instrument, data, timeNs }: DataPoint, leaveOut: Reject): PointData | Violation {
  if (instrument.name === "") return violation("name", "required", "the metric has no name");
  switch (data.kind) {
    case "summary":
      return violation("data", "summary", "a summary's quantiles cannot be added up; send a histogram");
    case "no value":
      return violation("value", "required", "the point has no value");
    // Its value is validated as that of any metric, and what says nothing is told by its caller.
    case "gauge":
    case "no recorded value":
      return data;
    default:
      break;
  }
  if (data.temporality === "unspecified")
    return violation(
      "aggregation_temporality",
      "required",
      "aggregation_temporality must be delta or cumulative",
    );
  if (data.temporality === "cumulative" && timeNs === 0n) {
    const message = "a cumulative point needs time_unix_nano: without it nobody knows which one is newer";
    return violation("time_unix_nano", "required", message);
  }
  return data.kind === "sum" ? (sumProblem(data) ?? data) : soundHistogram(data, leaveOut);
}

/** A sum is its value: there is nothing to keep without it. */
function sumProblem({ value, isMonotonic }: { value: number; isMonotonic: boolean }): Violation | undefined {
  if (Number.isNaN(value)) return violation("value", "nan", "value cannot be NaN");
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER)
    return violation("value", "out_of_range", `a sum of ${value} cannot be counted exactly: at most ±2^53`);
  if (isMonotonic && value < 0)
    return violation("value", "negative", `a monotonic sum cannot be negative: ${value}`);
  return undefined;
}

function violation(field: string, reason: string, message: string): Violation {
  return { field, reason, message };
}

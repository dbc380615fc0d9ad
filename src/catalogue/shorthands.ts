/** Shorthands for the entries of the catalogue: usual instruments, and dimensions called `status`. */
import type { InstrumentDefinition, MetricType } from "./definition.ts";

/** Milliseconds, as submissions have them, to seconds, the base unit of Prometheus and OpenTelemetry. */
const MS_TO_S = 0.001;

/** What distinguishes an instrument from others of its kind. */
type Extra = Partial<Pick<InstrumentDefinition, "when" | "boundaries" | "gauge">>;

/** A counter that adds up the values; the value of a metric that counts one event is 1. */
export function total(
  name: string,
  description: string,
  labels: readonly string[],
  extra: Extra = {},
): InstrumentDefinition {
  return { name, kind: "counter", unit: "1", description, records: { from: "value" }, labels, ...extra };
}

/** A histogram of the durations, in seconds; metrics without one are left out. */
export function duration(
  name: string,
  description: string,
  labels: readonly string[],
  extra: Extra = {},
): InstrumentDefinition {
  const records = { from: "duration_ms" } as const;
  return { name, kind: "histogram", unit: "s", description, records, labels, ...extra };
}

/**
 * A histogram of a metadata field: the first of `keys` that a metric has. Where the unit is seconds, the
 * field is in milliseconds.
 */
export function fromMetadata(
  name: string,
  unit: "s" | "By",
  description: string,
  keys: readonly string[],
  labels: readonly string[],
): InstrumentDefinition {
  const scale = unit === "s" ? MS_TO_S : 1;
  return { name, kind: "histogram", unit, description, records: { from: "metadata", keys, scale }, labels };
}

/** A gauge of the last value. */
export function lastValue(
  name: string,
  description: string,
  labels: readonly string[],
  extra: Extra & Partial<Pick<InstrumentDefinition, "unit">> = {},
): InstrumentDefinition {
  return { name, kind: "gauge", unit: "1", description, records: { from: "value" }, labels, ...extra };
}

/** What an entry says of a dimension `status` that is one of two values, and decides the outcome. */
function status(success: string, failure: string) {
  return {
    choices: { status: [success, failure] },
    commonNames: { success: "status" },
    outcomes: { success: [success], failure: [failure] },
  } satisfies Partial<MetricType>;
}

/** Something was tried. */
export const ATTEMPT = status("success", "failed");
/** Something was carried out. */
export const OPERATION = status("success", "error");
/** Something was asked for. */
export const CHECK = status("allowed", "denied");

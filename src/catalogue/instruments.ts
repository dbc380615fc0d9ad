import type { InstrumentDefinition } from "./definition.ts";

const MS_TO_S = 0.001;

/** What distinguishes an instrument from others of its kind. */
type Extra = Partial<Pick<InstrumentDefinition, "when" | "boundaries" | "gauge">>;

/** A counter of the values. */
export function total(
  name: string,
  description: string,
  labels: readonly string[],
  extra: Extra = {},
): InstrumentDefinition {
  return { name, kind: "counter", unit: "1", description, records: { from: "value" }, labels, ...extra };
}

/** A histogram of the durations, in seconds. */
export function duration(
  name: string,
  description: string,
  labels: readonly string[],
  extra: Extra = {},
): InstrumentDefinition {
  const records = { from: "duration_ms" } as const;
  return { name, kind: "histogram", unit: "s", description, records, labels, ...extra };
}

/** A histogram of a metadata field; of milliseconds where its unit is seconds. */
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

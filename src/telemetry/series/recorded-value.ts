import type { ValueSource } from "../../catalogue/definition.ts";
import type { Distribution, Measurement } from "../../catalogue/measurement.ts";

/**
 * The number an instrument asks for, durations in s: undefined where there is none, NaN where it is not one.
 */
export function recordedValue(reading: ValueSource, measurement: Measurement): number | undefined {
  switch (reading.from) {
    case "value":
      return measurement.value;
    case "duration_ms":
      return measurement.durationMs === undefined ? undefined : measurement.durationMs / 1000;
    case "metadata": {
      const found = findMetadata(reading.keys, measurement);
      return found === undefined ? undefined : toNumber(found) * reading.scale;
    }
  }
}

/**
 * Where the numbers lie that an instrument reads from a measurement which stands for several; undefined where
 * there is one number alone. Durations are in seconds.
 */
export function observedDistribution(
  { distribution, durationMs }: Measurement,
  { from }: Pick<ValueSource, "from">,
): Distribution | undefined {
  if (distribution === undefined) return undefined;
  const isOf = durationMs === undefined ? "value" : "duration_ms";
  if (from !== isOf) return undefined;
  if (from === "value") return distribution;
  return { ...distribution, values: distribution.values.map((ms) => ms / 1000) };
}

/** The first of the keys that has a value; clients have spelt them in several ways. */
function findMetadata(keys: readonly string[], measurement: Measurement): unknown {
  for (const key of keys) {
    const index = measurement.metadataKeys.indexOf(key);
    // Not merely for looks: reading an array at -1 costs as much as all the rest.
    if (index === -1) continue;
    const value = measurement.metadataValues[index];
    // An empty string is what a client sends that has nothing to say; it is no broken number.
    if (value !== undefined && value !== null && value !== "") return value;
  }
  return undefined;
}

function toNumber(value: unknown): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
}

import type { ValueSource } from "../catalogue/definition.ts";
import type { Distribution, Measurement } from "../catalogue/measurement.ts";

/**
 * Where the numbers lie that an instrument reads from a measurement which stands for several; undefined where
 * there is one number alone. Durations are in seconds.
 */
export function distributionOf(
  { distribution, durationMs }: Measurement,
  { from }: Pick<ValueSource, "from">,
): Distribution | undefined {
  const isOf = durationMs === undefined ? "value" : "duration_ms";
  if (distribution === undefined || from !== isOf) return undefined;
  if (from === "value") return distribution;
  return { ...distribution, values: distribution.values.map((ms) => ms / 1000) };
}

import type { MetricType } from "./definition.ts";

/** Clients send booleans as text too, in the spelling of their language, and as numbers. */
const OUTCOMES: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false],
]);

/**
 * The text by which rollups and queries know the value of a dimension, so that `200` and `"200"` are
 * one; null where it is absent, null or empty. The dimension that tells success from failure is
 * "true", "false" or null, however it was spelt.
 */
export function dimensionText(type: MetricType, name: string, value: unknown): string | null {
  if (value === undefined || value === null || value === "") return null;
  const text = String(value);
  if (name !== type.commonNames.success) return text;
  return OUTCOMES.get(text.toLowerCase())?.toString() ?? null;
}

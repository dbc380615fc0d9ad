import { findMetricType } from "../../catalogue/catalogue.ts";
import { SIGN_OFF } from "../../catalogue/composer-states.ts";
import type { DimensionValue, Measurement } from "../../catalogue/measurement.ts";
import type { Sender } from "./tenants.ts";

/** What an instance had said last of something, before the service started. */
export interface RestoredState extends Sender {
  /** Of the catalogue, or of an earlier one. */
  readonly type: string;
  readonly dimensions: Readonly<Record<string, unknown>>;
  readonly timestampMs: number;
  readonly value: number;
}

/**
 * The measurement that said so; undefined for one that neither a gauge shows nor a gauge ends by, or of a
 * type that is no more.
 */
export function toMeasurement(state: RestoredState): Measurement | undefined {
  const type = findMetricType(state.type);
  if (type === undefined) return undefined;
  if (type.name !== SIGN_OFF && !type.instruments.some(({ kind }) => kind === "gauge")) return undefined;
  const values = type.dimensions.map((name) => state.dimensions[name] as DimensionValue | undefined);
  return {
    dimensions: { type, values, json: JSON.stringify(state.dimensions) },
    timestampMs: state.timestampMs,
    value: state.value,
    durationMs: undefined,
    otherKeys: [],
    otherValues: [],
    metadataKeys: [],
    metadataValues: [],
    distribution: undefined,
  };
}

import { findMetricType } from "../../catalogue/catalogue.ts";
import type { MetricType } from "../../catalogue/definition.ts";
import { dimensionText, isSuccess } from "../../catalogue/dimension-value.ts";
import { LIMITS } from "../../catalogue/limits.ts";
import { type Family, type IsNamedByKey, type Key, keyOf } from "./families.ts";

/** Measurements alike in everything that rollups know of: they are added to the same aggregates. */
export interface Group {
  readonly type: MetricType;
  readonly service: string;
  /** Success or failure; undefined where the type has neither or the client did not say. */
  readonly outcome: boolean | undefined;
  /** The values of each family of the type, in the order of the families. */
  readonly values: readonly (readonly (string | null)[])[];
  /** Where to add: one key a family. */
  targets: readonly Target[];
  /** The hour whose rows the targets name. */
  hour: number;
  /** Of the targets, and of the rows, that were found last. */
  keysGeneration: number;
  generation: number;
}

export interface Target {
  readonly family: Family;
  readonly key: Key;
  /** Where the group's hour is added up in the family's `pending`; undefined until it is looked for. */
  row: number | undefined;
}

/** The group of a service, a metric type and its catalogued dimensions, a JSON object. */
export function createGroup(
  families: readonly Family[],
  service: string,
  metricType: string,
  dimensions: string,
): Group | undefined {
  const type = findMetricType(metricType);
  if (type === undefined) return undefined;
  const sent = JSON.parse(dimensions) as Record<string, unknown>;
  const values = families
    .filter((family) => family.type === type)
    .map((family) => family.dimensions.map((name) => dimensionText(type, name, sent[name])));
  return {
    type,
    service,
    outcome: isSuccess(type, sent),
    values,
    targets: [],
    hour: Number.NaN,
    keysGeneration: -1,
    generation: -1,
  };
}

/** The keys a group adds to. */
export function targetsOf(families: readonly Family[], group: Group, isNamedByKey: IsNamedByKey): Target[] {
  return families
    .filter((family) => family.type === group.type)
    .map((family, index) => {
      const key = keyOf(family, group.service, group.values[index] ?? [], isNamedByKey);
      return { family, key, row: undefined };
    });
}

/** How long a measurement took, in ms, wherever its type has it; NaN where it says nothing. */
export function durationOf(type: MetricType, value: number, durationMs: number): number {
  if (!Number.isNaN(durationMs) || type.durationFallback === undefined) return durationMs;
  const fallback = value * type.durationFallback.scale;
  return fallback >= 0 && fallback <= LIMITS.DURATION_MS_MAX ? fallback : Number.NaN;
}

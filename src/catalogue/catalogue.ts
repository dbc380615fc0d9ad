import { COMPOSER_TYPES } from "./composer-types.ts";
import type { MetricType } from "./definition.ts";
import { GATEWAY_TYPES } from "./gateway-types.ts";

/**
 * Every metric type the service accepts, in the order of the documentation and of instruments. A type whose
 * instruments share a name with those of another feeds the same metric family.
 */
export const METRIC_TYPES: readonly MetricType[] = [...GATEWAY_TYPES, ...COMPOSER_TYPES];

const BY_NAME: ReadonlyMap<string, MetricType> = new Map(METRIC_TYPES.map((type) => [type.name, type]));

/** The entry of that name; undefined where a submission names no type of the catalogue. */
export function findMetricType(name: string): MetricType | undefined {
  return BY_NAME.get(name);
}

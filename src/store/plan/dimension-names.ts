import type { CommonName, MetricType } from "../../catalogue/definition.ts";

/** Dimensions that every measurement has. */
const EVERYWHERE: readonly string[] = ["service", "type"];
const COMMON: readonly CommonName[] = ["server", "method", "tool", "client", "success"];

/** The dimension of `type` that a query means by `name`; undefined where the type has none. */
export function ownDimension(type: MetricType, name: string): string | undefined {
  const common = type.commonNames[name as CommonName];
  return common ?? (type.dimensions.includes(name) ? name : undefined);
}

/** Every name that a query over `types` may use. */
export function dimensionNames(types: readonly MetricType[]): readonly string[] {
  return [...new Set([...EVERYWHERE, ...COMMON, ...types.flatMap((type) => type.dimensions)])];
}

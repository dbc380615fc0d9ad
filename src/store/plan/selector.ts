import type { MetricType } from "../../catalogue/definition.ts";
import { outcomeOf } from "../../catalogue/dimension-value.ts";
import type { Filter } from "../queries.ts";
import { ownDimension } from "./dimension-names.ts";

/**
 * Finds the value of a dimension: a constant, the service, or a place among the values of `dimensions`, where
 * it may be asked whether it says success.
 */
type Lookup =
  | { readonly constant: string }
  | "service"
  | { readonly index: number; readonly isOutcome: boolean };

/** Which measurements of one type a query takes, and how they are grouped. */
export interface Selector {
  readonly type: MetricType;
  /** The type's own dimensions that it looks at. */
  readonly dimensions: readonly string[];
  /** The only services that can pass the filters; undefined: any. */
  readonly services: readonly string[] | undefined;
  /**
   * The values to group by, or undefined when a filter does not hold.
   *
   * @param values those of `dimensions`, null for an absent one
   */
  readonly labelsOf: (service: string, values: readonly (string | null)[]) => readonly string[] | undefined;
}

/** Undefined when no measurement of the type can pass the filters. */
export function createSelector(
  type: MetricType,
  filters: readonly Filter[],
  groupBy: readonly string[],
): Selector | undefined {
  const dimensions: string[] = [];
  const lookup = (name: string): Lookup => {
    if (name === "service") return "service";
    if (name === "type") return { constant: type.name };
    const own = ownDimension(type, name);
    if (own === undefined) return { constant: "" };
    if (!dimensions.includes(own)) dimensions.push(own);
    return { index: dimensions.indexOf(own), isOutcome: name === "success" };
  };
  const conditions: { readonly lookup: Lookup; readonly holds: (value: string) => boolean }[] = [];
  for (const { dimension, values, isNegated } of filters) {
    const listed = new Set(values);
    const found = lookup(dimension);
    const holds = (value: string) => listed.has(value) !== isNegated;
    if (typeof found === "object" && "constant" in found) {
      if (!holds(found.constant)) return undefined;
    } else conditions.push({ lookup: found, holds });
  }
  const labels = groupBy.map(lookup);
  const ofService = filters.find(({ dimension, isNegated }) => dimension === "service" && !isNegated);
  return {
    type,
    dimensions,
    services: ofService?.values,
    labelsOf(service, values) {
      const read = (found: Lookup) => {
        if (found === "service") return service;
        if ("constant" in found) return found.constant;
        const value = values[found.index] ?? null;
        return (found.isOutcome ? outcomeOf(type, value)?.isSuccess.toString() : value) ?? "";
      };
      const isTaken = conditions.every((condition) => condition.holds(read(condition.lookup)));
      return isTaken ? labels.map(read) : undefined;
    },
  };
}

import type { MetricType } from "../catalogue/definition.ts";
import type { Pseudonymise } from "../lib/pseudonym.ts";
import { quote } from "./text.ts";

type Dimensions = Readonly<Record<string, unknown>>;

/**
 * Whether every dimension that decides what the metric means has one of its values; `refuse` hears of each
 * that has not.
 */
export function checkChoices(
  { choices }: MetricType,
  dimensions: Dimensions,
  refuse: (field: string, reason: string, message: string) => void,
): boolean {
  if (choices === undefined) return true;
  let isValid = true;
  for (const [name, values] of Object.entries(choices)) {
    const value = Object.hasOwn(dimensions, name) ? dimensions[name] : undefined;
    if (values.includes(value as string)) continue;
    isValid = false;
    const allowed = values.join(", ");
    if (value === undefined || value === null || value === "") {
      refuse(`dimensions.${name}`, "required", `${name} is required: one of ${allowed}`);
    } else {
      refuse(`dimensions.${name}`, "not_a_choice", `${name} ${quote(value)} must be one of ${allowed}`);
    }
  }
  return isValid;
}

/** The dimensions as they may be kept: without the names of people. */
export function withoutNames(
  { pseudonyms = [] }: MetricType,
  dimensions: Dimensions,
  pseudonymise: Pseudonymise,
): Dimensions {
  const named = pseudonyms.filter((name) => Object.hasOwn(dimensions, name) && isName(dimensions[name]));
  if (named.length === 0) return dimensions;
  const replaced = named.map((name) => [name, pseudonymise(String(dimensions[name]))]);
  return { ...dimensions, ...Object.fromEntries(replaced) };
}

const isName = (value: unknown) => value !== null && value !== "";

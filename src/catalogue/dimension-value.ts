import type { MetricType } from "./definition.ts";

/** Clients send booleans as text too, in the spelling of their language, and as numbers. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false],
]);

/** Of types that name no values of their own. */
const BOOLEAN_OUTCOMES = { success: ["true"], failure: ["false"] };

/**
 * The text by which rollups and queries know the value of a dimension, so that `200` and `"200"` are
 * one; null where it is absent, null or empty. A boolean that tells success from failure is "true",
 * "false" or null, however it was spelt.
 */
export function dimensionText(type: MetricType, name: string, value: unknown): string | null {
  if (value === undefined || value === null || value === "") return null;
  const text = String(value);
  if (name !== type.commonNames.success || type.outcomes !== undefined) return text;
  return BOOLEANS.get(text.toLowerCase())?.toString() ?? null;
}

/** What the text of the dimension called `success` says. */
export interface Outcome {
  readonly isSuccess: boolean;
  /** The value, or class of values, of the catalogue; so there are few. */
  readonly name: string;
}

/** The outcome that a `dimensionText` says; undefined where the type has none, or the text says neither. */
export function outcomeOf(type: MetricType, text: string | null): Outcome | undefined {
  if (text === null || type.commonNames.success === undefined) return undefined;
  const { success, failure } = type.outcomes ?? BOOLEAN_OUTCOMES;
  const names = [text, /^\d{3}$/.test(text) ? `${text[0]}xx` : text];
  const name = names.find((each) => success.includes(each) || failure.includes(each));
  return name === undefined ? undefined : { isSuccess: success.includes(name), name };
}

/** Whether dimensions, as they were sent, say success or failure; undefined for neither. */
export function isSuccess(type: MetricType, sent: Readonly<Record<string, unknown>>): boolean | undefined {
  const { success } = type.commonNames;
  if (success === undefined) return undefined;
  return outcomeOf(type, dimensionText(type, success, sent[success]))?.isSuccess;
}

import type { DimensionValue } from "../../catalogue/measurement.ts";
import { storableText } from "../../lib/storable-text.ts";

/** What a label says where the client sent nothing. */
export const UNSET = "_unset";
/**
 * What a label says once it has had its share of distinct values. OpenTelemetry marks such series with
 * `otel.metric.overflow`; here each label says it for itself, so that the others keep their meaning.
 */
export const OVERFLOW = "_other";
/** In Unicode code points. A longer value is cut, so that values alike up to here share a series. */
const LABEL_VALUE_LENGTH_MAX = 96;

export interface LabelValuesOptions {
  /** Distinct values a label may have in a scope; whatever comes later is `_other`. `_unset` takes no place. */
  readonly distinctMax: number;
  /** Called each time a value became `_other`, to be counted. */
  readonly onOverflow: (label: string) => void;
}

/**
 * Limits the distinct values of each label within a scope, first come first served; the rest read `_other`.
 *
 * Clients choose label values, and every new one multiplies the series of a time series database. A scope is
 * what one client may fill: its values take no place from others. Label names must come from the program.
 */
export class LabelValues {
  readonly #options: LabelValuesOptions;
  /** Scope → label → value → how many series and instances use it. */
  readonly #seen = new Map<string, Map<string, Map<string, number>>>();

  constructor(options: LabelValuesOptions) {
    this.#options = options;
  }

  /**
   * The value as its label may carry it. A new one takes a place: for ever, unless it is retained and
   * released.
   */
  bound(scope: string, label: string, value: DimensionValue | undefined): string {
    const text = toLabelValue(value);
    if (text === UNSET || text === OVERFLOW) return text;
    const values = this.#seen.get(scope)?.get(label) ?? this.#open(scope, label);
    if (values.has(text)) return text;
    if (values.size < this.#options.distinctMax) {
      values.set(text, 0);
      return text;
    }
    this.#options.onOverflow(label);
    return OVERFLOW;
  }

  /** Note that one more uses `text`, which `bound` returned. */
  retain(scope: string, label: string, text: string): void {
    const values = this.#seen.get(scope)?.get(label);
    const users = values?.get(text);
    if (users !== undefined) values?.set(text, users + 1);
  }

  /** Take a `retain` back. After the last one the place is free for another value. */
  release(scope: string, label: string, text: string): void {
    const values = this.#seen.get(scope)?.get(label);
    const users = values?.get(text) ?? 0;
    if (users > 1) values?.set(text, users - 1);
    else values?.delete(text);
    if (values?.size === 0) this.#close(scope, label);
  }

  /** Give back the places of values that were given out and that nothing uses. */
  releaseUnused(): void {
    for (const [scope, labels] of this.#seen) {
      for (const [label, values] of labels) {
        for (const [text, users] of values) if (users === 0) values.delete(text);
        if (values.size === 0) this.#close(scope, label);
      }
    }
  }

  #open(scope: string, label: string): Map<string, number> {
    const labels = this.#seen.get(scope) ?? new Map<string, Map<string, number>>();
    const values = new Map<string, number>();
    this.#seen.set(scope, labels.set(label, values));
    return values;
  }

  #close(scope: string, label: string): void {
    const labels = this.#seen.get(scope);
    labels?.delete(label);
    if (labels?.size === 0) this.#seen.delete(scope);
  }
}

/** The text of a dimension value as it is stored, cut to length, before any counting of values. */
export function toLabelValue(value: DimensionValue | undefined): string {
  if (value === undefined || value === null || value === "") return UNSET;
  if (typeof value !== "string") return String(value);
  // Python clients send str(True); two spellings would split every success rate in two.
  if (value === "True") return "true";
  if (value === "False") return "false";
  return storableText(value.length > LABEL_VALUE_LENGTH_MAX ? cut(value) : value);
}

function cut(text: string): string {
  let end = 0;
  for (let points = 0; points < LABEL_VALUE_LENGTH_MAX && end < text.length; points++) {
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  }
  return text.slice(0, end);
}

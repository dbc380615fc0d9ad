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

/** A value as a label may carry it: see `LabelValues`. */
export type BoundLabelValue = (label: string, value: DimensionValue | undefined) => string;

export interface LabelValuesOptions {
  /** Distinct values a label may have; whatever comes later is `_other`. `_unset` takes no place. */
  readonly distinctMax: number;
  /** Called each time a value became `_other`, to be counted. */
  readonly onOverflow: (label: string) => void;
}

/**
 * Limits the distinct values of each label, first come first served; the rest read `_other`.
 *
 * Clients choose label values, and every new one multiplies the series of a time series database. Label names
 * must come from the program: each new one costs memory for ever.
 */
export class LabelValues {
  readonly #options: LabelValuesOptions;
  /** Label → value → how many series and instances use it. */
  readonly #seen = new Map<string, Map<string, number>>();

  constructor(options: LabelValuesOptions) {
    this.#options = options;
  }

  /**
   * The value as its label may carry it. A new one takes a place: for ever, unless it is retained and
   * released.
   */
  readonly bound: BoundLabelValue = (label, value) => {
    const text = toLabelValue(value);
    if (text === UNSET || text === OVERFLOW) return text;
    const values = this.#seen.get(label) ?? this.#open(label);
    if (values.has(text)) return text;
    if (values.size < this.#options.distinctMax) {
      values.set(text, 0);
      return text;
    }
    this.#options.onOverflow(label);
    return OVERFLOW;
  };

  /** Note that one more uses `text`, which `bound` returned. */
  retain(label: string, text: string): void {
    const values = this.#seen.get(label);
    const users = values?.get(text);
    if (users !== undefined) values?.set(text, users + 1);
  }

  /** Take a `retain` back. After the last one the place is free for another value. */
  release(label: string, text: string): void {
    const values = this.#seen.get(label);
    const users = values?.get(text) ?? 0;
    if (users > 1) values?.set(text, users - 1);
    else values?.delete(text);
  }

  #open(label: string): Map<string, number> {
    const values = new Map<string, number>();
    this.#seen.set(label, values);
    return values;
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

import type { DimensionValue } from "../catalogue/measurement.ts";

/** What a label says where the client sent nothing. */
export const UNSET = "_unset";
/** What a label says once it has had its share of distinct values. */
export const OTHER = "_other";
/** In Unicode code points. A longer value is cut, so that values alike up to here share a series. */
export const LABEL_VALUE_LENGTH_MAX = 96;

/** A value as a label may carry it; see `LabelValues`. */
export type BoundLabelValue = (label: string, value: DimensionValue | undefined) => string;

export interface LabelValuesOptions {
  /** Distinct values a label may have; whatever comes later is `_other`. `_unset` takes no place. */
  readonly distinctMax: number;
  /** Called each time a value became `_other`. */
  readonly onFold: (label: string) => void;
}

/**
 * Remember which values each label has had, first come first served, and fold the rest.
 *
 * Label names must come from the program: each new one costs memory for ever.
 */
export class LabelValues {
  readonly #options: LabelValuesOptions;
  /** Label → value → how many hold on to it. */
  readonly #seen = new Map<string, Map<string, number>>();

  constructor(options: LabelValuesOptions) {
    this.#options = options;
  }

  /** The value as its label may carry it. A new one takes a place, for ever unless it is held and let go. */
  readonly bound: BoundLabelValue = (label, value) => {
    const text = toLabelValue(value);
    if (text === UNSET || text === OTHER) return text;
    const values = this.#valuesOf(label);
    if (values.has(text)) return text;
    if (values.size < this.#options.distinctMax) {
      values.set(text, 0);
      return text;
    }
    this.#options.onFold(label);
    return OTHER;
  };

  /** Say that `text`, which `bound` returned, is in use. */
  hold(label: string, text: string): void {
    const values = this.#valuesOf(label);
    const holders = values.get(text);
    if (holders !== undefined) values.set(text, holders + 1);
  }

  /** Take a `hold` back. After the last one the place is free for another value. */
  letGo(label: string, text: string): void {
    const values = this.#valuesOf(label);
    const holders = values.get(text);
    if (holders === undefined) return;
    if (holders > 1) values.set(text, holders - 1);
    else values.delete(text);
  }

  #valuesOf(label: string): Map<string, number> {
    const known = this.#seen.get(label);
    if (known !== undefined) return known;
    const values = new Map<string, number>();
    this.#seen.set(label, values);
    return values;
  }
}

/** The text of a dimension value, well-formed and cut to length, before any counting of values. */
export function toLabelValue(value: DimensionValue | undefined): string {
  if (value === undefined || value === null || value === "") return UNSET;
  if (typeof value !== "string") return String(value);
  // Python clients send str(True); two spellings would split every success rate in two.
  if (value === "True") return "true";
  if (value === "False") return "false";
  return cut(value).toWellFormed();
}

function cut(text: string): string {
  if (text.length <= LABEL_VALUE_LENGTH_MAX) return text;
  let end = 0;
  for (let points = 0; points < LABEL_VALUE_LENGTH_MAX && end < text.length; points++) {
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  }
  return text.slice(0, end);
}

import { LabelValues, type LabelValuesOptions } from "./label-values.ts";
import { type Family, openSeries, type Series, seriesKey } from "./series.ts";

export interface SeriesStoreOptions extends LabelValuesOptions {
  /**
   * Series in all families together: combinations of label values, so that a histogram's counts once although
   * it is many lines.
   */
  readonly seriesMax: number;
  readonly wallMs: () => number;
}

/** In the order of a family's labels; a series has no label whose text is undefined. */
export type LabelTexts = readonly (string | undefined)[];

/** The series of all families, of which there are only so many, and the label values they hold on to. */
export class SeriesStore {
  readonly labels: LabelValues;
  readonly #options: SeriesStoreOptions;
  #count = 0;
  #ended = 0;

  constructor(options: SeriesStoreOptions) {
    this.labels = new LabelValues(options);
    this.#options = options;
  }

  /** Series that have ended. While it stays the same, what found no place finds none. */
  get ended(): number {
    return this.#ended;
  }

  hasRoomFor(series: number): boolean {
    return series === 0 || this.#count + series <= this.#options.seriesMax;
  }

  find(family: Family, values: LabelTexts): Series | undefined {
    return family.series.get(seriesKey(values));
  }

  /** Give back the place of a label value that no series came to use. */
  forgetUnused(label: string, text: string): void {
    this.labels.hold(label, text);
    this.labels.letGo(label, text);
  }

  /** The series with these label values. A new one is made whether or not there is room. */
  open(family: Family, values: LabelTexts): Series {
    const key = seriesKey(values);
    const known = family.series.get(key);
    if (known !== undefined) return known;
    this.#count += 1;
    for (const [index, label] of family.labels.entries()) this.labels.hold(label, values[index] ?? "");
    return openSeries(family, key, values, this.#options.wallMs());
  }

  /** Forget a series. What only it held on to is free again. */
  end(series: Series): void {
    const { family, attributes } = series;
    const values = family.labels.map((label) => attributes[label]);
    if (!family.series.delete(seriesKey(values))) return;
    this.#count -= 1;
    this.#ended += 1;
    for (const [index, label] of family.labels.entries()) this.labels.letGo(label, values[index] ?? "");
  }
}

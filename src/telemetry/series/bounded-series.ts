import { LabelValues, type LabelValuesOptions } from "./label-values.ts";
import { type MetricFamily, type MetricSeries, openSeries, seriesKey } from "./series.ts";

export interface SeriesStoreOptions extends LabelValuesOptions {
  /**
   * Series in all families together. A combination of label values counts once, also of a histogram, which
   * is some twenty lines of Prometheus text.
   */
  readonly seriesMax: number;
  readonly wallMs: () => number;
}

/** Label values in the order of a family's labels; a series has no label whose text is undefined. */
export type LabelTexts = readonly (string | undefined)[];

/** The series of all families, of which there are only so many, and the label values they use. */
export class SeriesStore {
  readonly labels: LabelValues;
  readonly #options: SeriesStoreOptions;
  #count = 0;
  #ended = 0;

  constructor(options: SeriesStoreOptions) {
    this.labels = new LabelValues(options);
    this.#options = options;
  }

  /** Series that have ended so far. While it stays the same, what found no place finds none. */
  get ended(): number {
    return this.#ended;
  }

  /** Whether so many more series may be opened. */
  hasRoomFor(series: number): boolean {
    return series === 0 || this.#count + series <= this.#options.seriesMax;
  }

  find(family: MetricFamily, values: LabelTexts): MetricSeries | undefined {
    return family.series.get(seriesKey(values));
  }

  /** Give back the place of a label value that `labels.bound` gave out and no series came to use. */
  forgetUnused(label: string, text: string): void {
    this.labels.retain(label, text);
    this.labels.release(label, text);
  }

  /** The series with these label values. A new one is made whether or not there is room. */
  open(family: MetricFamily, values: LabelTexts): MetricSeries {
    const key = seriesKey(values);
    const known = family.series.get(key);
    if (known !== undefined) return known;
    this.#count += 1;
    for (const [index, label] of family.labels.entries()) this.labels.retain(label, values[index] ?? "");
    return openSeries(family, key, values, this.#options.wallMs());
  }

  /** Forget a series. Label values that only it used are free again. */
  end(series: MetricSeries): void {
    const { family, attributes } = series;
    const values = family.labels.map((label) => attributes[label]);
    if (!family.series.delete(seriesKey(values))) return;
    this.#count -= 1;
    this.#ended += 1;
    for (const [index, label] of family.labels.entries()) this.labels.release(label, values[index] ?? "");
  }
}

import { DAY_MS } from "../../lib/time.ts";
import { LabelValues, type LabelValuesOptions, OVERFLOW } from "./label-values.ts";
import { type MetricFamily, type MetricSeries, openSeries, seriesKey } from "./series.ts";
import { labelScope, Room, type Sender, type Tenant } from "./tenants.ts";

export interface SeriesStoreOptions extends LabelValuesOptions {
  /**
   * Series in all families together. A combination of label values counts once, also of a histogram, which
   * is some twenty lines of Prometheus text.
   */
  readonly seriesMax: number;
  readonly wallMs: () => number;
}

/** Of senders of which nobody knows whose key they have. */
const UNKNOWN_OWNER = "";

/** Label values in the order of a family's labels; a series has no label whose text is undefined. */
export type LabelTexts = readonly (string | undefined)[];

/** The series of all families, of which there are only so many, and the label values they use. */
export class SeriesStore {
  readonly labels: LabelValues;
  readonly #wallMs: () => number;
  readonly #room: Room;
  readonly #tenants = new Map<MetricSeries, Tenant>();
  #ended = 0;

  constructor(options: SeriesStoreOptions) {
    this.labels = new LabelValues(options);
    this.#wallMs = options.wallMs;
    this.#room = new Room(options.seriesMax);
  }

  /** Series that have ended so far. While it stays the same, what found no place finds none. */
  get ended(): number {
    return this.#ended;
  }

  /** Who the series of a sender are counted for. Names of services that a key writes beside its own are bounded. */
  tenantOf({ service, owner = UNKNOWN_OWNER }: Sender): Tenant {
    if (service === owner && service !== OVERFLOW) return { service, owner, name: service };
    const label = this.labels.bound(owner, "service", service);
    return { service: label, owner, name: `${owner} ${label}` };
  }

  /** Whether a tenant may open so many more series. */
  hasRoomFor(tenant: Tenant, series: number): boolean {
    return this.#room.hasPlaces(tenant, series);
  }

  /** What was noted as later than `nowMs` is as of then. */
  clockWentBack(nowMs: number): void {
    for (const series of this.#tenants.keys()) {
      series.measuredMs = Math.min(series.measuredMs, nowMs);
      series.seenMs = Math.min(series.seenMs, nowMs);
    }
  }

  find(family: MetricFamily, values: LabelTexts): MetricSeries | undefined {
    return family.series.get(seriesKey(values));
  }

  /** Give back the place of a label value that `labels.bound` gave out and no series came to use. */
  forgetUnused(tenant: Tenant, label: string, text: string): void {
    const scope = labelScope(tenant, label);
    this.labels.retain(scope, label, text);
    this.labels.release(scope, label, text);
  }

  /** The series with these label values. A new one is made whether or not the tenant has room for it. */
  open(family: MetricFamily, values: LabelTexts, tenant: Tenant): MetricSeries {
    const key = seriesKey(values);
    const known = family.series.get(key);
    if (known !== undefined) return known;
    const series = openSeries(family, key, values, this.#wallMs());
    this.#tenants.set(series, tenant);
    this.#room.take(tenant);
    for (const [index, label] of family.labels.entries())
      this.labels.retain(labelScope(tenant, label), label, values[index] ?? "");
    return series;
  }

  /** The tenant that a series is counted for. */
  holderOf(series: MetricSeries): Tenant | undefined {
    return this.#tenants.get(series);
  }

  /** Forget a series. Label values that only it used are free again. */
  end(series: MetricSeries): void {
    const tenant = this.#tenants.get(series);
    if (tenant === undefined) return;
    const { family, attributes } = series;
    family.series.delete(seriesKey(family.labels.map((label) => attributes[label])));
    this.#tenants.delete(series);
    this.#room.give(tenant);
    this.#ended += 1;
    for (const label of family.labels)
      this.labels.release(labelScope(tenant, label), label, attributes[label] ?? "");
  }
}

/** Whether nothing was recorded in a series for so long that its place is another's. */
export function isIdle({ seenMs }: MetricSeries, nowMs: number): boolean {
  return nowMs - seenMs > DAY_MS;
}

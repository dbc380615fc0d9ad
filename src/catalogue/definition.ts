/**
 * The shape of a catalogue entry: all that the service knows of a metric type.
 *
 * Acceptance, storage layout, instruments and label names are read from here; a new type is a new
 * entry (and a migration when it wants a view of its own).
 */
export interface MetricType {
  readonly name: string;
  readonly description: string;
  /**
   * Dimensions with few distinct values. Their combination is stored once and referred to; every
   * other dimension, known or not, is stored with its row. Every label must be one of these.
   */
  readonly dimensions: readonly string[];
  /**
   * Dimensions that must have one of some values, because they decide what the metric means. Without
   * one a metric is refused. Others may say anything.
   */
  readonly choices?: Readonly<Record<string, readonly string[]>>;
  /** Dimensions that name people: a keyed hash takes their place before anything is kept. */
  readonly pseudonyms?: readonly string[];
  /**
   * Combinations of dimensions that hours and days are broken down by, beside the totals by service.
   * A query that filters and groups by some of one combination is answered from it, years back; any
   * other reads the raw rows.
   */
  readonly rollups: readonly (readonly string[])[];
  /**
   * What queries call a dimension in every type: `server` is `server_name` here and `server` there.
   * The one called `success` decides between success and failure; without one there is neither.
   */
  readonly commonNames: Readonly<Partial<Record<CommonName, string>>>;
  /** How the dimension called `success` says which; by default as a boolean, in any spelling. */
  readonly outcomes?: OutcomeValues;
  /** Where the time taken stands when `duration_ms` is absent; in milliseconds once scaled. */
  readonly durationFallback?: { readonly from: "value"; readonly scale: number };
  /**
   * Whether series are told apart by the instance that sends: their first labels are `service` and
   * `instance_id` then, instead of `service` and `metric_type`. Its gauges end with the instance.
   */
  readonly isPerInstance?: true;
  /**
   * Whether a metric says what is the case from now on. The last one of each sender and combination of
   * dimensions is then at hand, however long ago it came.
   */
  readonly isState?: true;
  readonly instruments: readonly InstrumentDefinition[];
}

export type CommonName = "success" | "server" | "method" | "tool" | "client";

/** Values, or classes of HTTP status codes as `5xx`. Any other value is neither. */
export interface OutcomeValues {
  readonly success: readonly string[];
  readonly failure: readonly string[];
}

/** An OpenTelemetry instrument that a metric type feeds. */
export interface InstrumentDefinition {
  /** The name as Prometheus shows it, in full. */
  readonly name: string;
  readonly kind: "counter" | "histogram" | "gauge";
  /** A UCUM unit (https://ucum.org), as OpenTelemetry asks. */
  readonly unit: "1" | "s" | "By";
  readonly description: string;
  readonly records: ValueSource;
  /** Dimensions that become labels, after those that say who sent the metric. */
  readonly labels: readonly string[];
  /** Only metrics of which all of this holds feed it; by default all do. */
  readonly when?: readonly Condition[];
  /** Upper bounds of a histogram's buckets; by default those that every instrument of its unit has. */
  readonly boundaries?: readonly number[];
  /** How a gauge behaves beyond showing the last value. */
  readonly gauge?: GaugeBehaviour;
}

/** A dimension has a certain value, or is sent at all. */
export type Condition =
  | { readonly dimension: string; readonly is: string }
  | { readonly dimension: string; readonly isSent: boolean };

export interface GaugeBehaviour {
  /** What the gauges of several instances make together: "sum" by default. */
  readonly together?: "max";
  /** Seconds that pass: shown is the last value and the time since. */
  readonly isClock?: true;
  /** 0 says that there is nothing left to show. */
  readonly endsAtZero?: true;
  /** An instance has one at a time: another combination of labels takes the place of the last. */
  readonly isSingle?: true;
}

/**
 * Where an instrument finds its number: the value itself, the duration, or the first of some metadata
 * fields. A metric without it feeds nothing. `scale` turns the stored unit into the instrument's.
 */
export type ValueSource =
  | { readonly from: "value" }
  | { readonly from: "duration_ms" }
  | { readonly from: "metadata"; readonly keys: readonly string[]; readonly scale: number };

/**
 * The shape of a catalogue entry: all that the service knows of a metric type.
 *
 * Acceptance, storage layout, instruments and label names are read from here; a new type is a new
 * entry (and a migration when it wants a view of its own).
 */
export interface MetricType {
  /**
   * As submissions say it in `type`, in snake case. Stored with every metric: renaming one orphans its rows.
   */
  readonly name: string;
  /** What such a metric is, in one line: for README, OpenAPI and the pages of documentation. */
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
  /** Whether `value` is a number of things or a length of time, so that one below 0 is refused. */
  readonly isNeverNegative?: true;
  /** Dimensions that name people: a keyed hash takes their place before anything is kept. */
  readonly pseudonyms?: readonly string[];
  /**
   * Combinations of dimensions that hours and days are broken down by, beside the totals by service.
   * A query that filters and groups by some of one combination is answered from it, years back; any
   * other reads the raw rows.
   */
  readonly rollups: readonly (readonly string[])[];
  /**
   * The dimension of this type that queries know under a common name: `server` is `server_name` in one type
   * and `server` in another. The one called `success` decides between success and failure; a type without
   * one counts neither.
   */
  readonly commonNames: Readonly<Partial<Record<CommonName, string>>>;
  /** How the dimension called `success` says which; by default as a boolean, in any spelling. */
  readonly outcomes?: OutcomeValues;
  /** Where the time taken stands when `duration_ms` is absent; in milliseconds once scaled. */
  readonly durationFallback?: { readonly from: "value"; readonly scale: number };
  /**
   * Whether each instance that sends has series of its own: their first labels are `service` and
   * `instance_id` then, instead of `service` and `metric_type`. Its gauges end once it has been silent for
   * METRICS_INSTANCE_EXPIRY_SECONDS.
   */
  readonly isPerInstance?: true;
  /**
   * Whether a metric says what is the case from now on (how many servers run), rather than what has happened.
   * The last one of each sender and combination of dimensions is then kept at hand, however long ago it came,
   * and restores the gauges when the service starts.
   */
  readonly isState?: true;
  /** What Prometheus and OTLP show of it; empty for types that are only stored. */
  readonly instruments: readonly InstrumentDefinition[];
}

/** Names by which queries group and filter over several types at once. */
export type CommonName = "success" | "server" | "method" | "tool" | "client";

/**
 * The values that mean success, and failure: texts, or classes of HTTP status codes as `5xx`. All others are
 * neither.
 */
export interface OutcomeValues {
  readonly success: readonly string[];
  readonly failure: readonly string[];
}

/** An OpenTelemetry instrument that a metric type feeds. */
export interface InstrumentDefinition {
  /**
   * The name as Prometheus shows it, in full: base unit and `_total` are part of it, as
   * https://prometheus.io/docs/practices/naming/ asks, because nothing appends them later.
   */
  readonly name: string;
  /** OpenTelemetry's instrument kinds; a counter is monotonic, so negative values are skipped and counted. */
  readonly kind: "counter" | "histogram" | "gauge";
  /** A UCUM unit (https://ucum.org), as OpenTelemetry asks. */
  readonly unit: "1" | "s" | "By";
  /** `# HELP` of Prometheus text, `description` of OTLP. */
  readonly description: string;
  /** The number that it records of a metric. */
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

/** Holds for a metric whose dimension has a certain value, compared as text, or is sent at all. */
export type Condition =
  | { readonly dimension: string; readonly is: string }
  | { readonly dimension: string; readonly isSent: boolean };

/** How a gauge differs from one that shows each instance's last value until the instance is silent. */
export interface GaugeBehaviour {
  /**
   * How the gauges of several instances combine where a service is shown as a whole: their sum by default.
   */
  readonly together?: "max";
  /**
   * Its value is seconds that pass, such as uptime: shown is the last value plus the time since its receipt.
   */
  readonly isClock?: true;
  /** 0 says that what it counts is gone: the series ends instead of showing 0 for ever. */
  readonly endsAtZero?: true;
  /**
   * An instance has one series at a time: another combination of labels, such as a new version, replaces it.
   */
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

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
  /** Where the time taken stands when `duration_ms` is absent; in milliseconds once scaled. */
  readonly durationFallback?: { readonly from: "value"; readonly scale: number };
  readonly instruments: readonly InstrumentDefinition[];
}

export type CommonName = "success" | "server" | "method" | "tool" | "client";

/** An OpenTelemetry instrument that a metric type feeds. */
export interface InstrumentDefinition {
  /** The name as Prometheus shows it, in full. */
  readonly name: string;
  readonly kind: "counter" | "histogram" | "gauge";
  /** A UCUM unit (https://ucum.org), as OpenTelemetry asks. */
  readonly unit: "1" | "s" | "By";
  readonly description: string;
  readonly records: Reading;
  /** Dimensions that become labels, after `service` and `metric_type`. */
  readonly labels: readonly string[];
}

/**
 * Where an instrument finds its number: the value itself, the duration, or the first of some metadata
 * fields. A metric without it feeds nothing. `scale` turns the stored unit into the instrument's.
 */
export type Reading =
  | { readonly from: "value" }
  | { readonly from: "duration_ms" }
  | { readonly from: "metadata"; readonly keys: readonly string[]; readonly scale: number };

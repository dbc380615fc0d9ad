import { SIZE_BOUNDARIES } from "../series/plan.ts";
import type { MetricFamilyDefinition } from "../series/series.ts";

/** The label whose values are names of labels. */
export const LABEL_NAME = "label";

function counter(name: string, description: string, labels: readonly string[] = []): MetricFamilyDefinition {
  return { name, kind: "counter", unit: "1", description, labels };
}

function gauge(
  name: string,
  unit: string,
  description: string,
  labels: readonly string[] = [],
): MetricFamilyDefinition {
  return { name, kind: "gauge", unit, description, labels };
}

/**
 * Recorded where they happen. Names are API: dashboards and alerts ask for them. They follow Prometheus's
 * rules: `_total` for counters, and the base unit behind (https://prometheus.io/docs/practices/naming/).
 *
 * @param boundaries upper bounds of the histograms of durations, in seconds
 */
export function recordedDefinitions(boundaries: readonly number[]) {
  const seconds = (
    name: string,
    description: string,
    labels: readonly string[] = [],
  ): MetricFamilyDefinition => ({
    name,
    kind: "histogram",
    unit: "s",
    description,
    labels,
    boundaries,
  });
  const QUERY_LABELS = ["operation", "table"];
  return {
    httpRequests: counter("http_requests_total", "Requests answered", ["method", "endpoint", "status"]),
    httpSeconds: seconds("http_request_duration_seconds", "From the headers to the end of the answer", [
      "method",
      "endpoint",
    ]),
    metricsProcessed: counter("metrics_processed_total", "Metrics stored", ["service", "type"]),
    validationErrors: counter("metrics_validation_errors_total", "Rules broken by submissions", [
      "field",
      "error_type",
    ]),
    fieldsLeftOut: counter("metrics_fields_left_out_total", "Odd parts of metrics stored without them", [
      "field",
      "error_type",
    ]),
    keyRequests: counter("api_key_requests_total", "Requests by key", ["service", "status"]),
    rateLimitHits: counter("rate_limit_hits_total", "Requests refused by the rate limit", ["service"]),
    databaseOperations: counter("database_operations_total", "Database operations", QUERY_LABELS),
    databaseSeconds: seconds(
      "database_query_duration_seconds",
      "Database operations' duration",
      QUERY_LABELS,
    ),
    databaseErrors: counter("database_errors_total", "Failed database operations"),
    commitMetrics: {
      name: "ingest_commit_metrics",
      kind: "histogram",
      unit: "1",
      description: "Metrics in one commit",
      labels: [],
      boundaries: SIZE_BOUNDARIES,
    },
    commitSeconds: seconds("ingest_commit_duration_seconds", "Duration of commits"),
    retentionErrors: counter("retention_cleanup_errors_total", "Failed retention runs"),
    exportSkips: counter("metrics_export_skipped_total", "Values no instrument could take", ["reason"]),
    labelOverflows: counter("metrics_label_overflow_total", "Label values counted as _other", [LABEL_NAME]),
    bindingViolations: counter("service_binding_violations_total", "Submissions in another service's name", [
      "service",
    ]),
    otlpExports: counter("otlp_exports_total", "Exports to the OTLP endpoint", ["result"]),
  } satisfies { readonly [key: string]: MetricFamilyDefinition };
}

/** Observed at each collection. */
export const OBSERVED_DEFINITIONS = {
  queueMetrics: gauge("ingest_queue_metrics", "1", "Metrics waiting for a commit"),
  queueLimit: gauge("ingest_queue_metrics_limit", "1", "Most metrics that may wait; more are refused"),
  availableTokens: gauge("rate_limit_available_tokens", "1", "Requests a service may make at once", [
    "service",
  ]),
  databaseBytes: gauge("database_size_bytes", "By", "Size of the database and its write-ahead log"),
  // A total, yet a gauge: the name is given, and in Prometheus a counter's must end in _total.
  retentionDeleted: gauge("retention_records_deleted", "1", "Rows deleted by retention since the start"),
} satisfies { readonly [key: string]: MetricFamilyDefinition };

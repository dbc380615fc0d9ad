import { LIMITS } from "../catalogue/limits.ts";
import * as kinds from "./kinds.ts";
import * as lists from "./list-kinds.ts";
import { collection, optional, type Setting, type SettingGroup, setting, type Values } from "./setting.ts";

/** 0 lets the system choose a free port. */
const PORT = kinds.wholeNumber(0, 65_535);
/** OpenTelemetry's durations are in milliseconds, the service's own in seconds. */
const MS = kinds.wholeNumber(100, 3_600_000, "ms");
const NAME = kinds.freeText("any text");
const FILE = kinds.freeText("a file path");
const DATABASE_URL = kinds.url("sqlite:////absolute/path, sqlite:///./relative/path or file:path");
/** From a cached lookup to a tool that takes minutes. */
const BUCKETS_S = "0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,2.5,5,10,30,60,120,300";

/**
 * Every setting of the service, one entry each: name, kind with range and unit, default, meaning. A default
 * stands nowhere else in the program.
 *
 * The names are those of the service this one replaces, or OpenTelemetry's where it has one. README's table
 * and .env.example are tested against this one. Texts are Markdown. The comment on a group says what is
 * beyond README.
 */
export const SETTINGS = {
  // The one port for all protocols. What belongs to the transport is decided here, what callers may do under
  // `keys`.
  server: {
    host: setting("METRICS_SERVICE_HOST", kinds.host, "0.0.0.0", "Address the service listens on"),
    port: setting("METRICS_SERVICE_PORT", PORT, "8890", "Port of every protocol; 0 takes a free one"),
    requestBytesMax: setting("MAX_REQUEST_SIZE", kinds.size("1KB", "100MB"), "10MB", "Largest request body"),
    corsOrigins: collection("CORS_ORIGINS", lists.origins, [], "Browser origins that may call the service"),
    trustedProxies: collection(
      "TRUSTED_PROXIES",
      lists.networks,
      [],
      "Proxies whose `X-Forwarded-For` or `Forwarded` counts, from its end to the first address that is none of them",
    ),
    reflection: setting("GRPC_REFLECTION", kinds.onOff, "on", "Serve gRPC server reflection"),
    shutdownTimeoutMs: setting(
      "SHUTDOWN_TIMEOUT_SECONDS",
      kinds.seconds(0, 600),
      "10",
      "Longest wait for running requests at shutdown",
    ),
  },
  // Both or none. Without them the port speaks HTTP, for a proxy in front to terminate TLS.
  tls: {
    certFile: optional("TLS_CERT_FILE", FILE, "PEM certificate chain; with the key it turns on TLS"),
    keyFile: optional("TLS_KEY_FILE", FILE, "PEM private key of the certificate"),
  },
  // `url` only says where the file is (see `database-path.ts`); `config.ts` turns both into one path.
  database: {
    path: setting("SQLITE_DB_PATH", FILE, "./data/metrics.db", "The database"),
    url: optional("DATABASE_URL", DATABASE_URL, "The database as a URL; `SQLITE_DB_PATH` wins"),
    connectionTimeoutMs: setting(
      "DB_CONNECTION_TIMEOUT",
      kinds.seconds(0.1, 600),
      "30",
      "Longest wait for the database at start",
    ),
    retriesMax: setting("DB_MAX_RETRIES", kinds.wholeNumber(0, 100), "5", "Attempts to repeat a failed open"),
    queryTimeoutMs: setting(
      "METRICS_QUERY_TIMEOUT_SECONDS",
      kinds.seconds(0.1, 600),
      "10",
      "Longest time for one query, with its wait",
    ),
  },
  // Limits are token buckets: the number of requests a minute is also the size of the burst.
  keys: {
    adminKey: optional("METRICS_ADMIN_API_KEY", kinds.apiKey, "API key with the role `admin`"),
    rateLimitPerMinute: setting(
      "METRICS_RATE_LIMIT",
      kinds.wholeNumber(1, 1_000_000_000),
      "1000",
      "Requests a minute and key, where the key has no limit of its own",
    ),
    failuresPerMinute: setting(
      "METRICS_FAILED_AUTH_LIMIT",
      kinds.wholeNumber(1, 1_000_000_000),
      "20",
      "Wrong keys a minute and address that are answered 401; further ones get 429",
    ),
    anonymousRateLimitPerMinute: setting(
      "METRICS_VISITOR_RATE_LIMIT",
      kinds.wholeNumber(1, 1_000_000_000),
      "600",
      "Requests a minute and network (a /16, of IPv6 a /32) from callers without a key, where none is needed",
    ),
    binding: setting(
      "METRICS_SERVICE_BINDING",
      kinds.choice("warn", "strict"),
      "warn",
      "Whether a key that writes another service's name is logged or refused",
    ),
    hashAlgorithm: setting(
      "API_KEY_HASH_ALGORITHM",
      kinds.choice("sha256"),
      "sha256",
      "How API keys are stored",
    ),
  },
  // Memory is bounded by `queuedMetricsMax`; a request larger than that could never be accepted and is a
  // problem.
  ingest: {
    acknowledge: setting(
      "METRICS_ACK",
      kinds.choice("durable", "buffered"),
      "durable",
      "Answer once metrics are on disk, or once they are queued, where a crash loses them",
    ),
    batchMetrics: setting(
      "BATCH_SIZE",
      kinds.wholeNumber(1, 100_000),
      "100",
      "Metrics written at once under `METRICS_ACK=buffered`",
    ),
    flushIntervalMs: setting(
      "FLUSH_INTERVAL_SECONDS",
      kinds.seconds(0.01, 3600),
      "5",
      "Longest wait of a metric under `METRICS_ACK=buffered`",
    ),
    queuedMetricsMax: setting(
      "MAX_QUEUED_METRICS",
      kinds.wholeNumber(1, 10_000_000),
      "100000",
      "Most metrics that wait for the disk; more are refused with 503",
    ),
    bytesInFlightMax: optional(
      "MAX_BYTES_IN_FLIGHT",
      kinds.size("100KB", "100000MB"),
      "Most bytes of bodies that are worked on at once; unset: by the memory there is",
    ),
    waitMsMax: setting(
      "MAX_WAIT_SECONDS",
      kinds.seconds(0.01, 60),
      "0.25",
      "How long calls may wait, besides two transactions, before others are refused with 503",
    ),
    metricsPerRequestMax: setting(
      "MAX_METRICS_PER_REQUEST",
      kinds.wholeNumber(1, 10_000),
      String(LIMITS.METRICS_PER_REQUEST),
      "Metrics of one request that are taken; those beyond are rejected",
    ),
    pointsPerRequestMax: setting(
      "MAX_DATA_POINTS_PER_REQUEST",
      kinds.wholeNumber(1, 100_000),
      "10000",
      "Most data points in one OTLP request",
    ),
  },
  // Applied at every start, to the policies that no administrator has set.
  retention: {
    rawDays: setting(
      "METRICS_RETENTION_DAYS",
      kinds.wholeNumber(1, 36_500, "days"),
      "90",
      "How long raw metrics are kept, where nobody has set a policy",
    ),
    cleanupIntervalMs: setting(
      "RETENTION_CLEANUP_INTERVAL_SECONDS",
      kinds.seconds(1, 604_800),
      "3600",
      "Time between two cleanups",
    ),
  },
  // What is exported and how many series that may be, for scrapes and OTLP alike.
  telemetry: {
    serviceName: setting("OTEL_SERVICE_NAME", NAME, "mcp-metrics-service", "`service.name` of exports"),
    resourceAttributes: collection(
      "OTEL_RESOURCE_ATTRIBUTES",
      lists.attributes,
      {},
      "Resource attributes of exports",
    ),
    secondsBuckets: setting(
      "HISTOGRAM_BUCKET_BOUNDARIES",
      lists.bucketBounds,
      BUCKETS_S,
      "Buckets of the histograms of durations, in seconds",
    ),
    naming: setting(
      "METRICS_NAMING",
      kinds.choice("legacy", "semconv", "both"),
      "legacy",
      "Names of exports: the predecessor's, and OpenTelemetry's for MCP beside them or in their place",
    ),
    labelValuesMax: setting(
      "METRICS_MAX_LABEL_CARDINALITY",
      kinds.wholeNumber(1, 100_000),
      "150",
      "Most values of one label within a service; further ones become `_other`",
    ),
    seriesMax: setting(
      "METRICS_MAX_SERIES",
      kinds.wholeNumber(1, 1_000_000),
      "10000",
      "Most exported series, of one service at most half; the rest of a service share one",
    ),
    instanceSilenceMs: setting(
      "METRICS_INSTANCE_EXPIRY_SECONDS",
      kinds.seconds(1, 86_400),
      "300",
      "How long the gauges of a composer that reports nothing are still exported, and its figures answered",
    ),
    isDisabled: setting("OTEL_SDK_DISABLED", kinds.onOff, "false", "Neither serve scrapes nor push"),
  },
  // A second port for scrapes, which needs no key by default, as Prometheus' exporters do not.
  prometheus: {
    isEnabled: setting(
      "OTEL_PROMETHEUS_ENABLED",
      kinds.onOff,
      "true",
      "Serve `/metrics` on a port of its own",
    ),
    host: setting("OTEL_PROMETHEUS_HOST", kinds.host, "0.0.0.0", "Address scrapes come to"),
    port: setting("OTEL_PROMETHEUS_PORT", PORT, "9465", "Port scrapes come to; 0 takes a free one"),
    auth: setting(
      "PROMETHEUS_AUTH",
      kinds.choice("none", "key"),
      "none",
      "Whether scrapes need a reader key",
    ),
  },
  // Pushing starts when one of the endpoints is given; `otlp.ts` chooses among the three, and between the intervals.
  otlp: {
    ownEndpoint: optional("OTEL_OTLP_ENDPOINT", kinds.httpUrl, "Collector to push to, base or full URL"),
    metricsEndpoint: optional(
      "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
      kinds.httpUrl,
      "Its full URL, next in order",
    ),
    endpoint: optional("OTEL_EXPORTER_OTLP_ENDPOINT", kinds.httpUrl, "Its base URL, last in order"),
    headers: optional("OTEL_EXPORTER_OTLP_HEADERS", lists.headers, "Headers of OTLP requests"),
    metricsHeaders: optional(
      "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
      lists.headers,
      "Further headers, which win",
    ),
    compression: setting(
      "OTEL_EXPORTER_OTLP_COMPRESSION",
      kinds.choice("none", "gzip"),
      "none",
      "Compression of OTLP requests",
    ),
    timeoutMs: setting("OTEL_EXPORTER_OTLP_TIMEOUT", MS, "10000", "Longest wait for the collector"),
    temporality: setting(
      "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
      kinds.choice("cumulative", "delta", "lowmemory"),
      "cumulative",
      "Whether exported sums count since the start or since the last export",
    ),
    intervalMs: setting("OTEL_METRIC_EXPORT_INTERVAL", MS, "60000", "Time between two exports"),
    ownIntervalMs: optional(
      "OTEL_OTLP_EXPORT_INTERVAL_MS",
      MS,
      "The same under the predecessor's name, which wins",
    ),
  },
  log: {
    level: setting(
      "LOG_LEVEL",
      kinds.choice("debug", "info", "warn", "error", "silent"),
      "info",
      "Least important lines that are logged",
    ),
  },
} as const satisfies Readonly<Record<string, SettingGroup>>;

/** The values of the table, group by group: what `readSettings` makes of an environment. */
export type SettingValues = { readonly [G in keyof typeof SETTINGS]: Values<(typeof SETTINGS)[G]> };

/** Every setting in the order of the table. */
export function allSettings(): readonly Setting<unknown>[] {
  return Object.values<SettingGroup>(SETTINGS).flatMap((group) => Object.values(group));
}

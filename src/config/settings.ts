import { LIMITS } from "../catalogue/limits.ts";
import * as kinds from "./kinds.ts";
import * as lists from "./list-kinds.ts";
import { collection, optional, type Setting, type SettingGroup, setting, type Values } from "./setting.ts";

const PORT = kinds.integer(0, 65_535);
const MS = kinds.integer(100, 3_600_000, "ms");
const NAME = kinds.text("any text");
const FILE = kinds.text("a file path");
const DATABASE_URL = kinds.url("sqlite:////absolute/path, sqlite:///./relative/path or file:path");
/** From a cached lookup to a tool that takes minutes. */
const BUCKETS_S = "0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,2.5,5,10,30,60,120,300";

/**
 * Every setting of the service, one entry each: name, kind with range and unit, default, meaning.
 *
 * The names are those of the service this one replaces, or OpenTelemetry's where it has one. README's
 * table and .env.example are tested against this one. Texts are Markdown.
 */
export const SETTINGS = {
  server: {
    host: setting("METRICS_SERVICE_HOST", kinds.host, "0.0.0.0", "Address the service listens on"),
    port: setting("METRICS_SERVICE_PORT", PORT, "8890", "Port of every protocol; 0 takes a free one"),
    requestBytesMax: setting("MAX_REQUEST_SIZE", kinds.size("1KB", "100MB"), "10MB", "Largest request body"),
    corsOrigins: collection("CORS_ORIGINS", lists.origins, [], "Browser origins that may call the service"),
    trustedProxies: collection(
      "TRUSTED_PROXIES",
      lists.networks,
      [],
      "Proxies whose `X-Forwarded-For` counts: its first address is the client's",
    ),
    reflection: setting("GRPC_REFLECTION", kinds.flag, "on", "Serve gRPC server reflection"),
    shutdownTimeoutMs: setting(
      "SHUTDOWN_TIMEOUT_SECONDS",
      kinds.seconds(0, 600),
      "10",
      "Longest wait for running requests at shutdown",
    ),
  },
  tls: {
    certFile: optional("TLS_CERT_FILE", FILE, "PEM certificate chain; with the key it turns on TLS"),
    keyFile: optional("TLS_KEY_FILE", FILE, "PEM private key of the certificate"),
  },
  database: {
    path: setting("SQLITE_DB_PATH", FILE, "./data/metrics.db", "The database"),
    url: optional("DATABASE_URL", DATABASE_URL, "The database as a URL; `SQLITE_DB_PATH` wins"),
    connectionTimeoutMs: setting(
      "DB_CONNECTION_TIMEOUT",
      kinds.seconds(0.1, 600),
      "30",
      "Longest wait for the database at start",
    ),
    retriesMax: setting("DB_MAX_RETRIES", kinds.integer(0, 100), "5", "Attempts to repeat a failed open"),
    queryTimeoutMs: setting(
      "METRICS_QUERY_TIMEOUT_SECONDS",
      kinds.seconds(0.1, 600),
      "5",
      "Longest run of one query",
    ),
  },
  keys: {
    adminKey: optional("METRICS_ADMIN_API_KEY", kinds.apiKey, "API key with the role `admin`"),
    rateLimitPerMinute: setting(
      "METRICS_RATE_LIMIT",
      kinds.integer(1, 1_000_000_000),
      "1000",
      "Requests a minute and key, where the key has no limit of its own",
    ),
    failuresPerMinute: setting(
      "METRICS_FAILED_AUTH_LIMIT",
      kinds.integer(1, 1_000_000_000),
      "20",
      "Wrong keys a minute and address that are answered 401; further ones get 429",
    ),
    visitorRateLimitPerMinute: setting(
      "METRICS_VISITOR_RATE_LIMIT",
      kinds.integer(1, 1_000_000_000),
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
  ingest: {
    acknowledge: setting(
      "METRICS_ACK",
      kinds.choice("durable", "buffered"),
      "durable",
      "Answer once metrics are on disk, or once they are queued, where a crash loses them",
    ),
    batchMetrics: setting(
      "BATCH_SIZE",
      kinds.integer(1, 100_000),
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
      kinds.integer(1, 10_000_000),
      "100000",
      "Most metrics that wait for the disk; more are refused with 503",
    ),
    metricsPerRequestMax: setting(
      "MAX_METRICS_PER_REQUEST",
      kinds.integer(1, 10_000),
      String(LIMITS.METRICS_PER_REQUEST),
      "Most metrics in one request",
    ),
    pointsPerRequestMax: setting(
      "MAX_DATA_POINTS_PER_REQUEST",
      kinds.integer(1, 100_000),
      "10000",
      "Most data points in one OTLP request",
    ),
  },
  retention: {
    rawDays: setting(
      "METRICS_RETENTION_DAYS",
      kinds.integer(1, 36_500, "days"),
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
      kinds.integer(1, 100_000),
      "150",
      "Most values of one label; further ones become `_other`",
    ),
    seriesMax: setting(
      "METRICS_MAX_SERIES",
      kinds.integer(1, 1_000_000),
      "10000",
      "Most exported series; the rest share one",
    ),
    instanceSilenceMs: setting(
      "METRICS_INSTANCE_EXPIRY_SECONDS",
      kinds.seconds(1, 86_400),
      "300",
      "How long the gauges of a composer that reports nothing are still exported",
    ),
    isDisabled: setting("OTEL_SDK_DISABLED", kinds.flag, "false", "Neither serve scrapes nor push"),
  },
  prometheus: {
    isEnabled: setting(
      "OTEL_PROMETHEUS_ENABLED",
      kinds.flag,
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

/** What the table reads as, group by group. */
export type SettingValues = { readonly [G in keyof typeof SETTINGS]: Values<(typeof SETTINGS)[G]> };

/** Every setting in the order of the table. */
export function allSettings(): readonly Setting<unknown>[] {
  return Object.values<SettingGroup>(SETTINGS).flatMap((group) => Object.values(group));
}

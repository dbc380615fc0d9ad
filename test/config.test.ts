import { test } from "uvu";
import * as assert from "uvu/assert";
import { LIMITS } from "../src/catalogue/limits.ts";
import type { Environment } from "../src/config/setting.ts";
import { ConfigError, readConfig } from "../src/config.ts";

function problems(env: Environment): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

test("an empty environment makes a configuration that starts", () => {
  const { server, tls, database, keys, ingest, retention, telemetry, prometheus, ...rest } = readConfig({});
  assert.equal(server, {
    host: "0.0.0.0",
    port: 8890,
    requestBytesMax: 10_000_000,
    corsOrigins: [],
    trustedProxies: [],
    reflection: true,
    shutdownTimeoutMs: 10_000,
  });
  assert.is(tls, undefined);
  assert.equal(database, {
    path: "./data/metrics.db",
    connectionTimeoutMs: 30_000,
    retriesMax: 5,
    queryTimeoutMs: 10_000,
  });
  assert.equal(keys, {
    adminKey: undefined,
    rateLimitPerMinute: 1000,
    failuresPerMinute: 20,
    anonymousRateLimitPerMinute: 600,
    binding: "warn",
    hashAlgorithm: "sha256",
    writers: [],
  });
  assert.equal(ingest, {
    acknowledge: "durable",
    batchMetrics: 100,
    flushIntervalMs: 5000,
    queuedMetricsMax: 100_000,
    bytesInFlightMax: undefined,
    waitMsMax: 250,
    metricsPerRequestMax: LIMITS.METRICS_PER_REQUEST,
    pointsPerRequestMax: 10_000,
  });
  assert.equal(retention, { rawDays: 90, cleanupIntervalMs: 3_600_000 });
  assert.equal(telemetry, {
    serviceName: "mcp-metrics-service",
    resourceAttributes: {},
    secondsBuckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300],
    naming: "legacy",
    labelValuesMax: 150,
    seriesMax: 10_000,
    instanceSilenceMs: 300_000,
  });
  assert.equal(prometheus, { isEnabled: true, host: "0.0.0.0", port: 9465, auth: "none" });
  assert.is(rest.otlp, undefined);
  assert.equal(rest.log, { level: "info" });
  assert.equal(rest.warnings, []);
});

test("the environment of the specification's documents is accepted without a warning", () => {
  const config = readConfig({
    SQLITE_DB_PATH: "/var/lib/sqlite/metrics.db",
    DATABASE_URL: "sqlite:///var/lib/sqlite/metrics.db",
    DB_CONNECTION_TIMEOUT: "30",
    DB_MAX_RETRIES: "5",
    METRICS_RETENTION_DAYS: "90",
    METRICS_SERVICE_PORT: "8890",
    METRICS_SERVICE_HOST: "0.0.0.0",
    METRICS_SERVICE_URL: "http://metrics-service:8890",
    METRICS_API_KEY: "short",
    METRICS_RATE_LIMIT: "1000",
    OTEL_SERVICE_NAME: "mcp-metrics-service",
    OTEL_PROMETHEUS_ENABLED: "true",
    OTEL_PROMETHEUS_PORT: "9465",
    OTEL_OTLP_ENDPOINT: "",
    API_KEY_HASH_ALGORITHM: "sha256",
    BATCH_SIZE: "100",
    FLUSH_INTERVAL_SECONDS: "30",
    MAX_REQUEST_SIZE: "10MB",
  });
  assert.equal(config.warnings, []);
  assert.is(config.database.path, "/var/lib/sqlite/metrics.db");
  assert.is(config.ingest.flushIntervalMs, 30_000);
});

const ACCEPTED: readonly { name: string; text: string; read: (env: Environment) => unknown; is: unknown }[] =
  [
    { name: "METRICS_SERVICE_PORT", text: " 0 ", read: (env) => readConfig(env).server.port, is: 0 },
    { name: "METRICS_SERVICE_HOST", text: "::1", read: (env) => readConfig(env).server.host, is: "::1" },
    { name: "METRICS_SERVICE_HOST", text: "   ", read: (env) => readConfig(env).server.host, is: "0.0.0.0" },
    {
      name: "MAX_REQUEST_SIZE",
      text: "512KB",
      read: (env) => readConfig(env).server.requestBytesMax,
      is: 512_000,
    },
    {
      name: "MAX_REQUEST_SIZE",
      text: "10 mib",
      read: (env) => readConfig(env).server.requestBytesMax,
      is: 10_485_760,
    },
    {
      name: "MAX_REQUEST_SIZE",
      text: "2048",
      read: (env) => readConfig(env).server.requestBytesMax,
      is: 2048,
    },
    { name: "GRPC_REFLECTION", text: "off", read: (env) => readConfig(env).server.reflection, is: false },
    { name: "CORS_ORIGINS", text: "*", read: (env) => readConfig(env).server.corsOrigins, is: ["*"] },
    {
      name: "CORS_ORIGINS",
      text: "https://a.example/, http://localhost:3000,",
      read: (env) => readConfig(env).server.corsOrigins,
      is: ["https://a.example", "http://localhost:3000"],
    },
    {
      name: "TRUSTED_PROXIES",
      text: "10.0.0.0/8, ::1,fd00::/8",
      read: (env) => readConfig(env).server.trustedProxies,
      is: ["10.0.0.0/8", "::1", "fd00::/8"],
    },
    {
      name: "FLUSH_INTERVAL_SECONDS",
      text: "0.05",
      read: (env) => readConfig(env).ingest.flushIntervalMs,
      is: 50,
    },
    {
      name: "METRICS_ACK",
      text: "Buffered",
      read: (env) => readConfig(env).ingest.acknowledge,
      is: "buffered",
    },
    { name: "LOG_LEVEL", text: "WARN", read: (env) => readConfig(env).log.level, is: "warn" },
    {
      name: "HISTOGRAM_BUCKET_BOUNDARIES",
      text: "0.1, 1 ,10",
      read: (env) => readConfig(env).telemetry.secondsBuckets,
      is: [0.1, 1, 10],
    },
    {
      name: "OTEL_RESOURCE_ATTRIBUTES",
      text: "deployment.environment=a%2Cb,service.name=edge",
      read: (env) => readConfig(env).telemetry.resourceAttributes,
      is: { "deployment.environment": "a,b" },
    },
    {
      name: "OTEL_PROMETHEUS_ENABLED",
      text: "no",
      read: (env) => readConfig(env).prometheus.isEnabled,
      is: false,
    },
    {
      name: "OTEL_SDK_DISABLED",
      text: "true",
      read: (env) => readConfig(env).prometheus.isEnabled,
      is: false,
    },
  ];

for (const { name, text, read, is } of ACCEPTED) {
  test(`${name}=${JSON.stringify(text)} means ${JSON.stringify(is)}`, () => {
    assert.equal(read({ [name]: text }), is);
  });
}

const REFUSED: readonly (readonly [name: string, text: string])[] = [
  ["METRICS_SERVICE_PORT", "http"],
  ["METRICS_SERVICE_PORT", "65536"],
  ["METRICS_SERVICE_PORT", "-1"],
  ["METRICS_SERVICE_PORT", "8890.0"],
  ["METRICS_SERVICE_PORT", "0x10"],
  ["METRICS_SERVICE_HOST", "http://a"],
  ["METRICS_RATE_LIMIT", "0"],
  ["METRICS_RETENTION_DAYS", "0"],
  ["METRICS_RETENTION_DAYS", "36501"],
  ["MAX_REQUEST_SIZE", "10"],
  ["MAX_REQUEST_SIZE", "101MB"],
  ["MAX_REQUEST_SIZE", "10GB"],
  ["MAX_REQUEST_SIZE", "1.5MB"],
  ["MAX_REQUEST_SIZE", "MB"],
  ["MAX_METRICS_PER_REQUEST", "10001"],
  ["FLUSH_INTERVAL_SECONDS", "soon"],
  ["FLUSH_INTERVAL_SECONDS", "Infinity"],
  ["METRICS_ACK", "maybe"],
  ["API_KEY_HASH_ALGORITHM", "md5"],
  ["GRPC_REFLECTION", "perhaps"],
  ["CORS_ORIGINS", "example.com"],
  ["CORS_ORIGINS", "https://a.example/path"],
  ["CORS_ORIGINS", "*,https://a.example"],
  ["TRUSTED_PROXIES", "10.0.0.0/33"],
  ["TRUSTED_PROXIES", "proxy"],
  ["HISTOGRAM_BUCKET_BOUNDARIES", "1,1"],
  ["HISTOGRAM_BUCKET_BOUNDARIES", "0,1"],
  ["HISTOGRAM_BUCKET_BOUNDARIES", "1,,2"],
  ["HISTOGRAM_BUCKET_BOUNDARIES", "1,two"],
  ["OTEL_RESOURCE_ATTRIBUTES", "novalue"],
  ["OTEL_RESOURCE_ATTRIBUTES", "a=%"],
  ["LOG_LEVEL", "loud"],
];

for (const [name, text] of REFUSED) {
  test(`${name}=${text} is rejected, with its name, the text and what is expected`, () => {
    const [problem, ...others] = problems({ [name]: text });
    assert.ok(problem?.startsWith(`${name}: ${JSON.stringify(text)} is not `), problem);
    assert.equal(others, []);
  });
}

test("every problem is reported at once, and the message has a line for each", () => {
  const env = { METRICS_SERVICE_PORT: "http", METRICS_ACK: "maybe", TLS_CERT_FILE: "cert.pem" };
  assert.equal(problems(env), [
    'METRICS_SERVICE_PORT: "http" is not a whole number from 0 to 65535',
    'METRICS_ACK: "maybe" is not durable or buffered',
    "TLS_KEY_FILE: missing, while TLS_CERT_FILE is set",
  ]);
  assert.throws(() => readConfig(env), /^(?=[\s\S]*"http")(?=[\s\S]*"maybe")(?=[\s\S]*TLS_KEY_FILE)/);
});

test("settings that contradict each other are rejected", () => {
  assert.equal(problems({ OTEL_PROMETHEUS_PORT: "8890" }), [
    "OTEL_PROMETHEUS_PORT: 8890 is METRICS_SERVICE_PORT already",
  ]);
  assert.equal(problems({ OTEL_PROMETHEUS_PORT: "8890", OTEL_PROMETHEUS_ENABLED: "false" }), []);
  assert.equal(problems({ OTEL_PROMETHEUS_PORT: "0", METRICS_SERVICE_PORT: "0" }), []);
  assert.is(problems({ MAX_QUEUED_METRICS: "99" }).length, 1);
  assert.equal(problems({ TLS_KEY_FILE: "key.pem" }), ["TLS_CERT_FILE: missing, while TLS_KEY_FILE is set"]);
});

test("both TLS files together are taken without a look at the disk", () => {
  const { tls } = readConfig({ TLS_CERT_FILE: "/no/cert.pem", TLS_KEY_FILE: "/no/key.pem" });
  assert.equal(tls, { certFile: "/no/cert.pem", keyFile: "/no/key.pem" });
});

test("OTEL_SERVICE_NAME wins over the attribute service.name, which wins over the default", () => {
  const OTEL_RESOURCE_ATTRIBUTES = "service.name=edge";
  assert.is(readConfig({ OTEL_RESOURCE_ATTRIBUTES }).telemetry.serviceName, "edge");
  const OTEL_SERVICE_NAME = "core";
  assert.is(readConfig({ OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME }).telemetry.serviceName, "core");
});

test.run();

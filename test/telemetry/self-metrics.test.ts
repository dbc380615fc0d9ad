import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { OBSERVED_DEFINITIONS, recordedDefinitions } from "../../src/telemetry/self/definitions.ts";
import { openProcessMetrics } from "../../src/telemetry/self/process-metrics.ts";
import { measure, open } from "./open-telemetry.ts";
import { only, select } from "./scrape.ts";

test("a request is counted by method, endpoint and status, and timed by method and endpoint", async () => {
  const telemetry = open();
  const request = { method: "POST", endpoint: "/metrics", seconds: 0.2 };
  telemetry.selfMetrics.httpRequest({ ...request, status: 200 });
  telemetry.selfMetrics.httpRequest({ ...request, status: 429 });
  const samples = await telemetry.scrape();
  const labels = { method: "POST", endpoint: "/metrics" };
  assert.is(only(samples, "http_requests_total", { ...labels, status: "429" }), 1);
  assert.is(only(samples, "http_request_duration_seconds_count", labels), 2);
  assert.is(only(samples, "http_request_duration_seconds_sum", labels), 0.4);
  await telemetry.shutdown();
});

test("what was stored is counted by service and type, in any order of types", async () => {
  const telemetry = open();
  const auth = measure();
  const tool = measure({ type: "tool_execution" });
  telemetry.recorder.record("gateway", [auth, auth, tool, auth]);
  telemetry.recorder.record("gateway", []);
  const samples = await telemetry.scrape();
  const labels = { service: "gateway" };
  assert.is(only(samples, "metrics_processed_total", { ...labels, type: "auth_request" }), 3);
  assert.is(only(samples, "metrics_processed_total", { ...labels, type: "tool_execution" }), 1);
  await telemetry.shutdown();
});

test("under the smallest limit of label values, every label's overflow is counted under its own name", async () => {
  const telemetry = open({ labelValuesMax: 1 });
  const { selfMetrics } = telemetry;
  for (const [method, endpoint, status] of [
    ["GET", "/health", 200] as const,
    ["POST", "/metrics", 429] as const,
  ])
    selfMetrics.httpRequest({ method, endpoint, status, seconds: 0.1 });
  for (const field of ["metrics.type", "metrics.value"]) selfMetrics.validationError(field, field);
  const dimensions = (name: string) => ({ server: name, tool_name: name });
  for (const name of ["a", "b"])
    telemetry.recorder.record(name, [measure({ type: "tool_execution", dimensions: dimensions(name) })]);
  const samples = await telemetry.scrape();
  const overflowed = select(samples, "metrics_label_overflow_total").map(({ labels }) => labels.label);
  const expected = ["method", "endpoint", "status", "field", "error_type", "service"];
  assert.equal(overflowed, expected);
  assert.is(
    only(samples, "http_requests_total", { method: "_other", endpoint: "_other", status: "_other" }),
    1,
  );
  await telemetry.shutdown();
});

test("counters without labels are there before their first event", async () => {
  const telemetry = open();
  const samples = await telemetry.scrape();
  for (const name of [
    "database_errors_total",
    "retention_cleanup_errors_total",
    "retention_records_deleted",
  ]) {
    assert.is(only(samples, name), 0, name);
  }
  await telemetry.shutdown();
});

test("events of storage and retention reach their metrics", async () => {
  const telemetry = open();
  const { selfMetrics } = telemetry;
  selfMetrics.databaseOperation({ operation: "insert", table: "points", seconds: 0.01 });
  selfMetrics.databaseOperation({ operation: "insert", table: "points", seconds: 0.01, failed: true });
  selfMetrics.databaseError();
  selfMetrics.commit({ metrics: 50, seconds: 0.004 });
  selfMetrics.retentionDeleted(7);
  selfMetrics.retentionDeleted(5);
  selfMetrics.retentionCleanupError();
  const samples = await telemetry.scrape();
  const labels = { operation: "insert", table: "points" };
  assert.is(only(samples, "database_operations_total", labels), 2);
  assert.is(only(samples, "database_query_duration_seconds_count", labels), 2);
  assert.is(only(samples, "database_errors_total"), 2);
  assert.is(only(samples, "ingest_commit_metrics_bucket", { le: "100" }), 1);
  assert.is(only(samples, "ingest_commit_duration_seconds_sum"), 0.004);
  assert.is(only(samples, "retention_records_deleted"), 12);
  assert.is(only(samples, "retention_cleanup_errors_total"), 1);
  await telemetry.shutdown();
});

test("gauges are asked at each scrape, and forget what is no longer reported", async () => {
  let tokens: [string, number][] = [
    ["auth", 10],
    ["gateway", 3.5],
  ];
  const telemetry = open({
    gauges: {
      queueMetrics: () => 42,
      queueLimit: () => 100,
      availableTokens: () => tokens,
      databaseBytes: () => undefined,
    },
  });
  const first = await telemetry.scrape();
  assert.is(only(first, "rate_limit_available_tokens", { service: "gateway" }), 3.5);
  assert.is(only(first, "ingest_queue_metrics"), 42);
  assert.is(only(first, "ingest_queue_metrics_limit"), 100);
  assert.equal(select(first, "database_size_bytes"), [], "unknown is not zero");
  tokens = [["auth", 9]];
  const second = await telemetry.scrape();
  assert.equal(
    select(second, "rate_limit_available_tokens").map(({ value }) => value),
    [9],
  );
  await telemetry.shutdown();
});

test("label values of self-metrics are bounded, apart from the catalogue's", async () => {
  const telemetry = open({ labelValuesMax: 2 });
  for (const field of ["a", "b", "c", "d"]) telemetry.selfMetrics.validationError(field, "x");
  for (const service of ["a", "b", "c", "d"]) telemetry.selfMetrics.rateLimitHit(service);
  telemetry.recorder.record("s", [
    measure({ dimensions: { method: "x" } }),
    measure({ dimensions: { method: "y" } }),
  ]);
  telemetry.selfMetrics.httpRequest({ method: "POST", endpoint: "/metrics", status: 200, seconds: 0 });
  const samples = await telemetry.scrape();
  assert.is(only(samples, "metrics_validation_errors_total", { field: "_other" }), 2);
  assert.is(
    only(samples, "rate_limit_hits_total", { service: "d" }),
    1,
    "services have keys, which are made by hand",
  );
  assert.is(only(samples, "http_requests_total", { method: "POST" }), 1);
  await telemetry.shutdown();
});

test("the process reports CPU, memory and event-loop lag in base units", async () => {
  const telemetry = open();
  const samples = await telemetry.scrape();
  assert.ok(only(samples, "process_cpu_seconds_total") > 0);
  assert.ok(only(samples, "process_resident_memory_bytes") > 1e7);
  assert.ok(only(samples, "nodejs_heap_size_used_bytes") <= only(samples, "nodejs_heap_size_total_bytes"));
  const lags = ["p50", "p99", "max"].map((which) => only(samples, `nodejs_eventloop_lag_${which}_seconds`));
  assert.ok(
    lags.every((lag) => lag >= 0 && lag < 60),
    `${lags}`,
  );
  await telemetry.shutdown();
});

test("docs/exports.md lists them all, as they are", async () => {
  const process = openProcessMetrics(() => 0);
  process.close();
  const definitions = [
    ...Object.values(recordedDefinitions([])),
    ...Object.values(OBSERVED_DEFINITIONS),
    ...process.metrics.map(({ definition }) => definition),
  ];
  const rows = definitions.map(({ name, kind, labels, description }) => {
    const listed = labels.map((label) => `\`${label}\``).join(", ") || "–";
    return `| \`${name}\` | ${kind} | ${listed} | ${description} |`;
  });
  const text = readFileSync(new URL("../../docs/exports.md", import.meta.url), "utf8");
  const [, table = ""] = text.split(/<!-- \/?self-metrics -->/);
  assert.equal(table.trim().split("\n").slice(2), rows);
});

test.run();

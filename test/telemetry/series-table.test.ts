import { test } from "uvu";
import * as assert from "uvu/assert";
import { measure, open } from "./open-telemetry.ts";
import { only, parseScrape, select, sum } from "./scrape.ts";

test("an authentication feeds its counter and its histogram, under the catalogue's labels", async () => {
  const telemetry = open();
  const dimensions = { success: true, method: "jwt", server: "gateway" };
  telemetry.recorder.record("auth", [measure({ dimensions, durationMs: 45.2 })]);
  const samples = await telemetry.scrape();
  const labels = {
    service: "auth",
    metric_type: "auth_request",
    success: "true",
    method: "jwt",
    server: "gateway",
  };
  assert.equal(select(samples, "mcp_auth_requests_total")[0]?.labels, labels);
  assert.is(only(samples, "mcp_auth_requests_total"), 1);
  assert.ok(Math.abs(only(samples, "mcp_auth_request_duration_seconds_sum") - 0.0452) < 1e-12);
  assert.is(only(samples, "mcp_auth_request_duration_seconds_bucket", { le: "0.025" }), 0);
  assert.is(only(samples, "mcp_auth_request_duration_seconds_bucket", { le: "0.05" }), 1);
  await telemetry.shutdown();
});

test("a duration of exactly a bound counts in that bound's bucket, and 0 is a duration", async () => {
  const telemetry = open();
  telemetry.recorder.record("s", [measure({ durationMs: 5 }), measure({ durationMs: 0 }), measure()]);
  const samples = await telemetry.scrape();
  assert.is(only(samples, "mcp_auth_request_duration_seconds_bucket", { le: "0.005" }), 2);
  assert.is(only(samples, "mcp_auth_request_duration_seconds_count"), 2, "no duration, no observation");
  await telemetry.shutdown();
});

const METADATA_CASES = [
  { name: "a number", value: 512, sum: 512, skipped: 0 },
  { name: "a numeric string", value: "512", sum: 512, skipped: 0 },
  { name: "a word", value: "large", sum: 0, skipped: 1 },
  { name: "an object", value: { bytes: 1 }, sum: 0, skipped: 1 },
  { name: "true", value: true, sum: 0, skipped: 1 },
  { name: "infinity", value: "1e999", sum: 0, skipped: 1 },
  { name: "a negative number", value: -1, sum: 0, skipped: 1 },
  { name: "null", value: null, sum: 0, skipped: 0 },
  { name: "an empty string", value: "", sum: 0, skipped: 0 },
];

for (const { name, value, sum: expected, skipped } of METADATA_CASES) {
  test(`a size in metadata is observed only if it is one: ${name}`, async () => {
    const telemetry = open();
    const metadata = { jsonrpc_id: 1, input_size_bytes: value };
    telemetry.recorder.record("s", [measure({ type: "tool_execution", metadata })]);
    const samples = await telemetry.scrape();
    assert.is(sum(samples, "mcp_tool_input_bytes_sum"), expected);
    assert.is(sum(samples, "metrics_export_skipped_total"), skipped);
    assert.is(sum(samples, "mcp_tool_executions_total"), 1, "the metric itself counts");
    await telemetry.shutdown();
  });
}

test("the second name of a metadata field serves where the first is missing", async () => {
  const telemetry = open();
  const type = "tool_discovery";
  telemetry.recorder.record("s", [
    measure({ type, metadata: { faiss_search_time_ms: 10 } }),
    measure({ type, metadata: { faiss_search_time_ms: null, vector_search_time_ms: 30 } }),
  ]);
  assert.is(only(await telemetry.scrape(), "mcp_tool_discovery_search_seconds_sum"), 0.04);
  await telemetry.shutdown();
});

test("a counter never goes down; a gauge may, and shows the last value", async () => {
  const telemetry = open();
  const dimensions = { metric_name: "queue" };
  telemetry.recorder.record("s", [
    measure({ type: "custom", dimensions, value: 5 }),
    measure({ type: "custom", dimensions, value: -2 }),
  ]);
  const samples = await telemetry.scrape();
  assert.is(only(samples, "mcp_custom_metrics_total"), 5);
  assert.is(only(samples, "mcp_custom_metric"), -2);
  assert.is(only(samples, "metrics_export_skipped_total", { reason: "negative" }), 1);
  await telemetry.shutdown();
});

test("a client cannot choose label names, nor overwrite service and metric_type", async () => {
  const telemetry = open();
  const dimensions = { service: "other", metric_type: "other", user_hash: "u1", le: "1", method: "jwt" };
  telemetry.recorder.record("auth", [measure({ dimensions })]);
  const [sample] = select(await telemetry.scrape(), "mcp_auth_requests_total");
  assert.equal(Object.keys(sample?.labels ?? {}), ["service", "metric_type", "success", "method", "server"]);
  assert.is(sample?.labels.service, "auth");
  assert.is(sample?.labels.metric_type, "auth_request");
  await telemetry.shutdown();
});

const serviceOf = ({ labels }: { readonly labels: Readonly<Record<string, string>> }) => labels.service;

test("a flood of 100 000 values stays bounded, is counted, and loses nothing of the total", async () => {
  const telemetry = open();
  telemetry.recorder.record("honest", [measure({ dimensions: { server: "honest" } })]);
  for (let index = 0; index < 100_000; index++) {
    const dimensions = { server: `s${index}`, method: `m${index}`, success: `x${index}` };
    telemetry.recorder.record(`service-${index}`, [measure({ dimensions, durationMs: 1 })]);
  }
  telemetry.recorder.record("honest", [measure({ dimensions: { server: "honest" } })]);
  const { text } = await telemetry.exposition();
  const samples = await telemetry.scrape();
  const counters = select(samples, "mcp_auth_requests_total");
  for (const label of ["service", "server", "method", "success"]) {
    for (const some of label === "service" ? [counters] : Map.groupBy(counters, serviceOf).values()) {
      const values = new Set(some.map(({ labels }) => labels[label]).filter((value) => value !== "_unset"));
      assert.ok(values.size <= 151, `${label} has ${values.size} values`);
    }
    assert.ok(sum(samples, "metrics_label_overflow_total", { label }) > 99_000, `folds of ${label}`);
  }
  assert.is(sum(samples, "mcp_auth_requests_total"), 100_002);
  assert.is(only(samples, "mcp_auth_requests_total", { server: "honest" }), 2, "others are untouched");
  assert.is(sum(samples, "metrics_processed_total"), 100_002);
  assert.ok(text.length < 5e6, `${text.length} bytes`);
  await telemetry.shutdown();
});

test("each measurement that lands in a folded label is counted, not only the first", async () => {
  const telemetry = open({ labelValuesMax: 1 });
  const second = measure({ dimensions: { server: "b" } });
  telemetry.recorder.record("s", [measure({ dimensions: { server: "a" } }), second, second, second]);
  assert.is(only(await telemetry.scrape(), "metrics_label_overflow_total", { label: "server" }), 3);
  await telemetry.shutdown();
});

test("a full table keeps its totals: new combinations share an overflow series", async () => {
  const telemetry = open({ seriesMax: 100 });
  for (let round = 0; round < 2; round++) {
    for (let index = 0; index < 120; index++) {
      const dimensions = { server: `s${index}` };
      telemetry.recorder.record({ service: "auth", instanceId: "", owner: "auth" }, [
        measure({ dimensions, durationMs: 10 }),
      ]);
    }
  }
  const samples = await telemetry.scrape();
  const counters = select(samples, "mcp_auth_requests_total");
  assert.is(counters.length, 37 + 1, "three quarters are a service's; a combination takes two series");
  const other = { service: "auth", success: "_other", method: "_other", server: "_other" };
  assert.is(only(samples, "mcp_auth_requests_total", { ...other, metric_type: "auth_request" }), 166);
  assert.is(only(samples, "mcp_auth_request_duration_seconds_count", other), 166);
  assert.is(only(samples, "mcp_auth_requests_total", { server: "s0" }), 2, "series that exist keep counting");
  assert.is(only(samples, "metrics_label_overflow_total", { label: "_series" }), 166);
  assert.is(sum(samples, "mcp_auth_requests_total"), 240);
  await telemetry.shutdown();
});

for (const separator of [",", '","', '\\","', " ", "|", ";", "/", "=", "\ufffd", "\u001f", "\n"]) {
  test(`values that differ only in where ${JSON.stringify(separator)} stands are two series`, async () => {
    const telemetry = open({ naming: "both" });
    const shifted = [
      [`a${separator}b`, "c", 2],
      ["a", `b${separator}c`, 3],
    ] as const;
    for (const [first, second, count] of shifted) {
      for (let times = 0; times < count; times += 1) {
        const method = { method: first, server: second };
        const call = { tool_id: first, status: "error", error_type: second };
        telemetry.recorder.record("s", [
          measure({ dimensions: method, durationMs: 1 }),
          measure({
            type: "tool_execution",
            durationMs: 1,
            dimensions: { method: first, tool_name: second },
          }),
        ]);
        telemetry.recorder.record({ service: "s", instanceId: "i" }, [
          measure({ type: "tool_invocation", dimensions: call }),
        ]);
        telemetry.selfMetrics.validationError(first, second);
      }
    }
    const samples = await telemetry.scrape();
    const own = parseScrape((await telemetry.serviceExposition({ service: "s" })).text);
    for (const [found, name, one, other] of [
      [samples, "mcp_auth_requests_total", "method", "server"],
      [samples, "mcp_server_operation_duration_seconds_count", "mcp_method_name", "gen_ai_tool_name"],
      [samples, "mcp_tool_invocation_errors_total", "tool_id", "error_type"],
      [own, "mcp_tool_invocation_errors_total", "tool_id", "error_type"],
      [samples, "metrics_validation_errors_total", "field", "error_type"],
    ] as const) {
      for (const [first, second, count] of shifted) {
        assert.is(only(found, name, { [one]: first, [other]: second }), count, name);
      }
    }
    await telemetry.shutdown();
  });
}

test("the series of a dimension set are the same whether its object is known or new", async () => {
  const telemetry = open();
  const dimensions = { server: "a", success: "True" };
  const known = measure({ dimensions });
  telemetry.recorder.record("s", [known, known, measure({ dimensions })]);
  telemetry.recorder.record("t", [known]);
  const samples = await telemetry.scrape();
  assert.is(only(samples, "mcp_auth_requests_total", { service: "s", success: "true" }), 3);
  assert.is(only(samples, "mcp_auth_requests_total", { service: "t" }), 1);
  await telemetry.shutdown();
});

test.run();

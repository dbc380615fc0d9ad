import { spawnSync } from "node:child_process";
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { METRIC_TYPES } from "../../src/catalogue/catalogue.ts";
import { toLabelValue } from "../../src/telemetry/label-values.ts";
import { parseExposition } from "../support/exposition.ts";
import { measure, only, open, select } from "./support.ts";

const TYPES = METRIC_TYPES.map(({ name }) => name);
const METADATA = {
  input_size_bytes: 10,
  output_size_bytes: 20,
  embedding_time_ms: 3,
  vector_search_time_ms: 4,
};

test("any text as a dimension comes back from a strict parser as it was, and forges no series", async () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.constantFrom(
      '"} 1\nforged_total 1',
      '\\"',
      "\\",
      "\\n",
      "\r\n",
      "# TYPE x counter",
      "\u2028",
      "\u0000",
      "\udc00",
    ),
    fc
      .array(fc.constantFrom('"', "\\", "\n", "}", ",", "=", "a", "\ud83d", "😀"), { maxLength: 20 })
      .map((all) => all.join("")),
  );
  const property = fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 100 }), async (texts) => {
    const telemetry = open();
    telemetry.exporter.record(
      "s",
      texts.map((server) => measure({ dimensions: { server }, durationMs: 1 })),
    );
    const samples = select(await telemetry.scrape(), "mcp_auth_requests_total");
    const expected = [...new Set(texts.map(toLabelValue))].sort();
    assert.equal(samples.map(({ labels }) => labels.server).sort(), expected);
    assert.ok(samples.every(({ labels }) => Object.keys(labels).length === 5));
    await telemetry.shutdown();
  });
  await fc.assert(property, { numRuns: 200 });
});

test("a record is in the next exposition, and callers of one turn share one text", async () => {
  const telemetry = open();
  telemetry.exporter.record("s", [measure()]);
  const before = telemetry.exposition();
  assert.is(telemetry.exposition(), before);
  telemetry.exporter.record("s", [measure()]);
  assert.is(only(parseExposition((await before).text), "mcp_auth_requests_total"), 2);
  telemetry.exporter.record("s", [measure()]);
  const after = telemetry.exposition();
  assert.is.not(after, before);
  assert.is(only(parseExposition((await after).text), "mcp_auth_requests_total"), 3);
  assert.is((await after).contentType, "text/plain; version=0.0.4; charset=utf-8");
  await telemetry.shutdown();
});

test("target_info says which instance this is", async () => {
  const telemetry = open({ instanceId: 'odd"name' });
  const [info] = select(await telemetry.scrape(), "target_info");
  const expected = {
    service_name: "mcp-metrics-service",
    service_version: "1.0.0",
    service_instance_id: 'odd"name',
  };
  assert.equal(info?.labels, expected);
  await telemetry.shutdown();
});

test("the configured bounds replace those in seconds and leave sizes alone", async () => {
  const telemetry = open({ secondsBoundaries: [0.1, 1] });
  telemetry.exporter.record("s", [measure({ type: "tool_execution", durationMs: 50, metadata: METADATA })]);
  const samples = await telemetry.scrape();
  const bounds = (name: string) => select(samples, name).map(({ labels }) => labels.le);
  assert.equal(bounds("mcp_tool_execution_duration_seconds_bucket"), ["0.1", "1", "+Inf"]);
  const sizes = ["10", "100", "1000", "10000", "100000", "1000000", "10000000", "+Inf"];
  assert.equal(bounds("mcp_tool_input_bytes_bucket"), sizes);
  await telemetry.shutdown();
});

const PROMTOOL = "/usr/bin/promtool";
const hasPromtool = spawnSync(PROMTOOL, ["--version"]).status === 0;

(hasPromtool ? test : test.skip)(
  "promtool accepts every metric there is and finds nothing to lint",
  async () => {
    const telemetry = open({
      gauges: { queueMetrics: () => 3, availableTokens: () => [["auth", 12.5]], databaseBytes: () => 4096 },
    });
    for (const type of TYPES) {
      const dimensions = { server: 'a"b\\c\nd', tool_name: "😀", metric_name: "x" };
      telemetry.exporter.record("auth", [measure({ type, dimensions, durationMs: 7, metadata: METADATA })]);
    }
    const { selfMetrics } = telemetry;
    selfMetrics.httpRequest({ method: "POST", endpoint: "/metrics", status: 200, seconds: 0.01 });
    selfMetrics.validationError("metrics.value", "out_of_range");
    selfMetrics.apiKeyRequest("auth", "success");
    selfMetrics.rateLimitHit("auth");
    selfMetrics.databaseOperation({ operation: "insert", table: "points", seconds: 0.002 });
    selfMetrics.commit({ metrics: 100, seconds: 0.003 });
    selfMetrics.exportSkipped("negative");
    selfMetrics.labelOverflow("server");
    selfMetrics.serviceBindingViolation("auth");
    selfMetrics.otlpExport("failure");
    const { text } = await telemetry.exposition();
    const { status, stdout, stderr } = spawnSync(PROMTOOL, ["check", "metrics"], {
      input: text,
      encoding: "utf8",
    });
    assert.is(`${status}${stdout}${stderr}`, "0");
    await telemetry.shutdown();
  },
);

test.run();

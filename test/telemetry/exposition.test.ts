import { spawnSync } from "node:child_process";
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { METRIC_TYPES } from "../../src/catalogue/catalogue.ts";
import { toLabelValue } from "../../src/telemetry/series/label-values.ts";
import { needing } from "../support/needs.ts";
import { measure, open } from "./open-telemetry.ts";
import { only, parseScrape, select } from "./scrape.ts";

const METADATA = {
  request_size_bytes: 10,
  response_size_bytes: 20,
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
    telemetry.recorder.record(
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
  telemetry.recorder.record("s", [measure()]);
  const together = [telemetry.exposition(), telemetry.exposition()];
  telemetry.recorder.record("s", [measure()]);
  const [before, same] = await Promise.all(together);
  assert.is(before, same);
  assert.is(only(parseScrape(before?.text ?? ""), "mcp_auth_requests_total"), 2);
  telemetry.recorder.record("s", [measure()]);
  const after = await telemetry.exposition();
  assert.is(only(parseScrape(after.text), "mcp_auth_requests_total"), 3);
  assert.is(after.contentType, "text/plain; version=0.0.4; charset=utf-8");
  await telemetry.shutdown();
});

test("a full table is written in slices, whole and in order, while others run and record", async () => {
  const telemetry = open({ seriesMax: 40_000 });
  const series = 4_000;
  const metrics = Array.from({ length: series }, (_, index) => {
    const dimensions = { server: `s${index % 100}`, method: `m${Math.floor(index / 100)}` };
    return measure({ dimensions, durationMs: index });
  });
  telemetry.recorder.record("s", metrics);
  let turns = 0;
  let ended = false;
  const record = () => {
    turns += 1;
    telemetry.recorder.record("s", [...metrics.slice(-100), measure({ dimensions: { server: `${turns}` } })]);
    if (!ended) setImmediate(record);
  };
  setImmediate(record);
  // The strict parser finds a family with two heads, a series that comes twice, a count unlike its buckets.
  const samples = await telemetry.scrape();
  ended = true;
  assert.ok(turns > samples.length / 1_000, `${turns} turns for ${samples.length} lines`);
  const totals = select(samples, "mcp_auth_requests_total").slice(0, series - 100);
  assert.ok(totals.every(({ value }) => value === 1));
  assert.ok(select(samples, "mcp_auth_request_duration_seconds_count").length >= series);
  await telemetry.shutdown();
});

test("target_info says which instance this is, once, and no other line names scope or unit", async () => {
  const telemetry = open({ instanceId: 'odd"name' });
  const { text } = await telemetry.exposition();
  const infos = select(parseScrape(text), "target_info");
  const labels = {
    service_name: "mcp-metrics-service",
    service_version: "1.0.0",
    service_instance_id: 'odd"name',
  };
  assert.equal(
    infos.map((info) => info.labels),
    [labels],
  );
  assert.not.match(text, /otel_scope|# UNIT|no registered metrics/);
  await telemetry.shutdown();
});

test("the configured bounds replace those in seconds and leave sizes alone", async () => {
  const telemetry = open({ secondsBoundaries: [0.1, 1] });
  telemetry.recorder.record("s", [measure({ type: "tool_execution", durationMs: 50, metadata: METADATA })]);
  const samples = await telemetry.scrape();
  const bounds = (name: string) => select(samples, name).map(({ labels }) => labels.le);
  assert.equal(bounds("mcp_tool_execution_duration_seconds_bucket"), ["0.1", "1", "+Inf"]);
  const sizes = ["10", "100", "1000", "10000", "100000", "1000000", "10000000", "+Inf"];
  assert.equal(bounds("mcp_tool_input_bytes_bucket"), sizes);
  await telemetry.shutdown();
});

needing(test, "promtool")(
  "promtool accepts every metric there is, and finds nothing to lint but five names that are given",
  async () => {
    const telemetry = open({
      resourceAttributes: { "a.b": "1", a_b: "2", "0": "3", "k8s.pod/näme": 'x"' },
      gauges: {
        queueMetrics: () => 3,
        queueLimit: () => 10,
        availableTokens: () => [["auth", 12.5]],
        databaseBytes: () => 4096,
      },
    });
    for (const type of METRIC_TYPES.filter(({ name }) => name !== "composer_shutdown")) {
      const first = { server: 'a"b\\c\nd', tool_name: "😀", metric_name: "x" };
      const choices = Object.entries(type.choices ?? { none: ["x"] });
      const sent = choices.flatMap(([name, values]) => values.map((value) => ({ ...first, [name]: value })));
      for (const dimensions of [...sent, ...sent.map((each) => ({ ...each, server_id: "a" }))])
        telemetry.recorder.record("auth", [
          measure({ type: type.name, dimensions, durationMs: 7, metadata: METADATA }),
        ]);
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
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], {
      input: text,
      encoding: "utf8",
    });
    const known = `mcp_(servers|tools|prompts|resources|tool_conflicts)_total non-counter metrics should not have`;
    const found = stderr.split("\n").filter((line) => line !== "" && !new RegExp(`^${known}`).test(line));
    assert.equal(
      [status, stdout, found],
      [3, "", []],
      "names that composers' dashboards ask for, and no more",
    );
    await telemetry.shutdown();
  },
);

test.run();

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { submitMetrics } from "../support/http.ts";
import { startTestService, type TestService, WRITER_KEY } from "../support/service.ts";
import { readRows } from "../support/sql.ts";
import { parseScrape } from "../telemetry/scrape.ts";
import { FEED_CASES } from "./families.ts";
import { composerSamples, disagreements } from "./samples.ts";

const test = suite<{ service: TestService }>("composer's metrics");

test.before.each(async (context) => {
  context.service = await startTestService();
});
test.after.each(({ service }) => service.close());

const SENDER = ["service", "instance_id"];
const METRICS = FEED_CASES.map(({ type, value = 1, duration_ms, dimensions, metadata }) => ({
  type,
  value,
  duration_ms,
  dimensions,
  metadata,
}));

test("every type is stored as it came, and exported with service and instance_id before its labels", async ({
  service,
}) => {
  const { status, body: json } = await submitMetrics(service.url, METRICS, { instance_id: "pod-1" });
  assert.equal([status, json.accepted], [200, METRICS.length], JSON.stringify(json));
  const rows = readRows(
    service.databasePath,
    "SELECT metric_type, value, duration_ms, dimensions, instance_id FROM metrics ORDER BY id",
  );
  for (const [index, { type, value, duration_ms = null, dimensions = {} }] of METRICS.entries()) {
    const stored = rows[index] ?? {};
    const { user_id, ...others } = JSON.parse(String(stored.dimensions));
    assert.equal(
      { ...stored, dimensions: others },
      {
        metric_type: type,
        value,
        duration_ms,
        dimensions: Object.fromEntries(Object.entries(dimensions).filter(([name]) => name !== "user_id")),
        instance_id: "pod-1",
      },
    );
    if ("user_id" in dimensions) assert.match(user_id, /^[0-9a-f]{16}$/);
  }
  const samples = parseScrape(await (await fetch(service.prometheusUrl)).text());
  assert.equal(disagreements(samples, SENDER), []);
  const own = samples.filter(({ labels }) => labels.instance_id !== undefined);
  assert.equal(
    [...new Set(own.map(({ labels }) => `${labels.service} ${labels.instance_id}`))],
    ["test pod-1"],
  );
  const shown = composerSamples(samples, SENDER);
  assert.is(shown['mcp_server_stops_total{server_id="github",status="failed"}'], 1);
  assert.is(shown['mcp_tool_invocation_duration_seconds{tool_id="github.search"}'], 0.5);
});

test("hours count success and failure by each type's own words, and queries by one", async ({ service }) => {
  await submitMetrics(service.url, METRICS);
  await fetch(`${service.url}/flush`, {
    method: "POST",
    headers: { "x-api-key": WRITER_KEY },
  });
  const rows = readRows(
    service.databasePath,
    `SELECT metric_type, success_count, failure_count FROM metrics_hourly
     WHERE success_count + failure_count > 0 ORDER BY metric_type`,
  );
  assert.equal(
    rows.map((row) => Object.values(row).join(" ")),
    [
      "auth_attempt 1 1",
      "authz_check 1 1",
      "config_reload 0 1",
      "http_request 0 1",
      "resource_read 0 1",
      "server_start 1 1",
      "server_stop 1 1",
      "tool_invocation 1 1",
    ],
  );
  const ask = async (body: object) => {
    const response = await fetch(`${service.url}/mcp.metrics.v1.QueryService/QuerySeries`, {
      method: "POST",
      headers: { "x-api-key": WRITER_KEY, "content-type": "application/json" },
      body: JSON.stringify({ statistics: ["count"], ...body }),
    });
    const { series } = (await response.json()) as { series: { labels: Record<string, string> }[] };
    return series.map(({ labels }) => Object.values(labels).join(" ")).sort();
  };
  const types = ["tool_invocation", "http_request"];
  // By the hour from rollups, by the minute from raw rows.
  for (const step of ["3600s", "60s"]) {
    assert.equal(await ask({ types, step, groupBy: ["type", "success"] }), [
      "http_request false",
      "tool_invocation false",
      "tool_invocation true",
    ]);
    assert.equal(await ask({ types, step, groupBy: ["tool", "status"] }), [
      " ",
      "github.search error",
      "github.search success",
    ]);
    const filters = [{ dimension: "success", operator: "FILTER_OPERATOR_EQUALS", values: ["false"] }];
    assert.equal(await ask({ types, step, filters, groupBy: ["status_code"] }), ["", "503"]);
  }
});

test("no user's id is in a file of the database, in the log or in an exposition", async ({ service }) => {
  const user = "alice.b7f2@example.com";
  const metric = { type: "rate_limit_exceeded", value: 1, dimensions: { endpoint: "/tools", user_id: user } };
  const bad = { type: "server_count", value: 1, dimensions: { state: "x", user_id: user } };
  await submitMetrics(service.url, [metric, metric, bad]);
  const exposition = await (await fetch(service.prometheusUrl)).text();
  assert.match(exposition, /mcp_rate_limit_exceeded_total\{.*user_id="[0-9a-f]{16}"\} 2/);
  const folder = dirname(service.databasePath);
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name)));
  assert.ok(
    files.some((file) => file.includes("rate_limit_exceeded")),
    "it is stored",
  );
  for (const text of [...files, exposition, JSON.stringify(service.logs)]) assert.not.ok(text.includes(user));
});

test.run();

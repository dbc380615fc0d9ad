/** Through the whole service: a writer that sends 100 000 values of every label, and another that notices nothing. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { METRIC_TYPES } from "../../src/catalogue/catalogue.ts";
import { submitMetrics } from "../support/http.ts";
import { startTestService, type TestService, WRITER_KEY } from "../support/service.ts";
import { readRows } from "../support/sql.ts";
import { parseScrape, select, sum } from "../telemetry/scrape.ts";
import { count, started, state, usage } from "./metrics.ts";
import { get } from "./requests.ts";
import { createShiftedClock } from "./shifted-clock.ts";

const QUIET_KEY = "quiet-key-for-the-tests-1";
const VALUES = 100_000;
const PER_REQUEST = 4000;
const TYPES = METRIC_TYPES.filter(({ name }) => name !== "composer_shutdown");

/**
 * A metric with a value of its own in every dimension; of states those that a type allows. Names of people are
 * left out where services are compared: each has its own pseudonyms for them.
 */
function metricOf(index: number, leftOut: readonly string[] = []) {
  const type = TYPES[index % TYPES.length];
  const names = type?.dimensions.filter((name) => !leftOut.includes(name)) ?? [];
  const dimensions = names.map((name) => [name, type?.choices?.[name]?.[0] ?? `${name} ${index}`]);
  return { type: type?.name, value: 1, duration_ms: 5, dimensions: Object.fromEntries(dimensions) };
}

async function flood({ url }: TestService): Promise<void> {
  for (let at = 0; at < VALUES; at += PER_REQUEST) {
    const metrics = Array.from({ length: PER_REQUEST }, (_, index) => metricOf(at + index));
    // Its own name first, then one name after another.
    for (const service of at < VALUES / 2 ? ["test"] : ["test", `name-${at}`]) {
      const { status } = await submitMetrics(url, metrics, { service, instance_id: `pod-${at}` });
      assert.is(status, 200);
    }
  }
}

async function sendQuietly({ url }: TestService): Promise<void> {
  const metrics = [
    ...Array.from({ length: 300 }, (_, index) => metricOf(index, ["user_id"])),
    ...[
      count("total", 3),
      count("running", 2),
      started("a"),
      usage("memory_mb", 5),
      state("composer_uptime", 9),
    ],
  ];
  const sent = { key: QUIET_KEY, service: "quiet", instance_id: "pod" };
  const { status } = await submitMetrics(url, metrics, sent);
  assert.is(status, 200);
  const flushed = await fetch(`${url}/flush`, { method: "POST", headers: { "x-api-key": QUIET_KEY } });
  assert.is(flushed.status, 200);
}

/** Everything the quiet service can see of itself. */
async function seenByQuiet(service: TestService) {
  const query = async (method: string, body: object) => {
    const response = await fetch(`${service.url}/mcp.metrics.v1.QueryService/${method}`, {
      method: "POST",
      headers: { "x-api-key": QUIET_KEY, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return [response.status, await response.json()];
  };
  const statistics = ["count", "p95"];
  const text = await (await fetch(service.prometheusUrl)).text();
  const composer = await Promise.all(
    ["metrics", "status", "health/detailed", "metrics/prometheus"].map((path) =>
      get(service, `/api/v1/${path}`, QUIET_KEY),
    ),
  );
  return {
    scrape: text
      .split("\n")
      .filter((line) => line.includes('service="quiet"'))
      .sort(),
    hours: readRows(
      service.databasePath,
      "SELECT * FROM metrics_hourly WHERE service = 'quiet' ORDER BY metric_type",
    ),
    keys: readRows(
      service.databasePath,
      `SELECT f.metric_type, f.dimensions, k.dimension_values FROM rollup_keys AS k
       JOIN rollup_families AS f ON f.id = k.family_id WHERE k.service = 'quiet' ORDER BY 1, 2, 3`,
    ),
    queries: await Promise.all([
      query("QuerySeries", { types: ["tool_execution"], statistics, groupBy: ["tool"], step: "3600s" }),
      query("TopValues", { types: ["tool_execution"], by: "tool", statistic: "count", limit: 20 }),
      query("Summary", {}),
      query("ListDimensionValues", { dimension: "tool" }),
    ]),
    // Beyond 100 000 metrics the window of a rate is one of whole hours, as docs/composer.md says.
    composer: composer.map(({ status, text: body }) => [
      status,
      body.replaceAll(/"requests_per_second":[^,]*/g, ""),
    ]),
  };
}

test("what one writer sends without end changes nothing of what another sees of itself", async () => {
  const clock = createShiftedClock();
  const env = { METRICS_API_KEY_QUIET: QUIET_KEY, MAX_METRICS_PER_REQUEST: `${PER_REQUEST}` };
  const [alone, beside] = [await startTestService(env, clock), await startTestService(env, clock)];
  await flood(beside);
  for (const service of [alone, beside]) await sendQuietly(service);
  const [expected, found] = [await seenByQuiet(alone), await seenByQuiet(beside)];
  assert.ok(expected.scrape.length > 1500, `${expected.scrape.length} lines`);
  assert.ok(expected.keys.length > 250, `${expected.keys.length} rollup keys`);
  assert.not.match(JSON.stringify(expected), "_other");
  for (const name of Object.keys(expected) as (keyof typeof expected)[])
    assert.equal(found[name], expected[name], name);

  // What the flood has come to, so that the test is known to flood.
  const samples = parseScrape(await (await fetch(beside.prometheusUrl)).text());
  assert.is(sum(samples, "metrics_processed_total", { service: "test" }), VALUES);
  const noisy = select(samples, "mcp_tool_executions_total", { service: "test" });
  assert.is(noisy.length, 151);
  assert.ok(sum(samples, "metrics_label_overflow_total") > VALUES);
  const { text } = await get(beside, "/api/v1/metrics/prometheus", WRITER_KEY);
  assert.match(text, 'tool_id="_other"');
  const open = await get(beside, "/api/v1/health/detailed");
  assert.equal(
    [open.status, open.body.servers],
    [200, {}],
    "a monitor without a key has its answer, if not a whole one",
  );
  for (const service of [alone, beside]) await service.close();
});

test.run();

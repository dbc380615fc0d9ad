/** Wherever the service shows a percentile of a handful of values, P99 of two is the larger. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type DirectoryContext, FETCH, openDirectory } from "./directory/directory-service.ts";
import { ADMIN, type RequestHeaders, submitMetrics, WRITER } from "./support/http.ts";
import { readRows } from "./support/sql.ts";

const test = suite<DirectoryContext>("percentiles");
test.before(async (context) => void Object.assign(context, await openDirectory()));
test.after(({ close }) => close());

const VALUES = [20, 30_000];
const WANTED = [20, 30_000, 30_000];
const NAMES = ["p50", "p95", "p99"];
/** What is read from sketches may be off by 1 %. */
const SKETCHED = 0.01;

type Numbers = Readonly<Record<string, number | readonly number[]>>;

/** The percentiles of `found` by these names, against `WANTED`. */
function assertShown(place: string, found: object | undefined, names = NAMES, error = SKETCHED): void {
  const shown = names.map((name) => Number((found as Numbers | undefined)?.[name]));
  const isRight = WANTED.slice(-shown.length).every(
    (wanted, index) => Math.abs((shown[index] ?? Number.NaN) - wanted) <= wanted * error,
  );
  assert.ok(isRight, `${place}: ${shown}`);
}

test("of two calls: queries, the composer's figures, SQL", async ({ service, send }) => {
  const timed = VALUES.flatMap((duration_ms) => [
    { type: "tool_execution", value: 1, duration_ms, dimensions: { tool_name: "slow" } },
    { type: "http_request", value: 1, duration_ms, dimensions: { status_code: "200" } },
  ]);
  await submitMetrics(service.url, timed);
  await send("POST", "/flush", WRITER);
  const ask = async (method: string, more: object) => {
    const asked = { types: ["tool_execution"], statistics: NAMES, ...more };
    const { body } = await send("POST", `/mcp.metrics.v1.QueryService/${method}`, ADMIN, asked);
    return body as Readonly<Record<string, readonly Readonly<Record<string, object>>[]>>;
  };
  for (const [step, error] of [
    ["60s", 0],
    ["3600s", SKETCHED],
    ["86400s", SKETCHED],
  ] as const) {
    const { series } = await ask("QuerySeries", { step });
    const columns = series?.[0]?.columns as readonly { statistic: string; values: readonly unknown[] }[];
    const found = columns.map(({ statistic, values }) => [statistic, values.find(Number.isFinite)]);
    assertShown(`QuerySeries of ${step}`, Object.fromEntries(found), NAMES, error);
  }
  assertShown("Summary", (await ask("Summary", { group: "SUMMARY_GROUP_TYPE" })).rows?.[0]?.statistics);
  assertShown("its totals", (await ask("Summary", { group: "SUMMARY_GROUP_TYPE" })).totals);
  assertShown("TopValues", (await ask("TopValues", { dimension: "tool", by: "p99" })).rows?.[0]?.statistics);
  const { body: composer } = await send("GET", "/api/v1/metrics", WRITER);
  const shownByComposers = ["p95_response_time_ms", "p99_response_time_ms"];
  assertShown("composer", composer.performance as object, shownByComposers);
  for (const table of ["metrics_hourly", "metrics_daily"]) {
    const [row] = readRows(
      service.databasePath,
      `SELECT * FROM ${table} WHERE metric_type = 'tool_execution'`,
    );
    assertShown(
      table,
      row,
      NAMES.map((name) => `${name}_duration_ms`),
    );
  }
});

test("of a server's two values: its charts over each period, its days", async (context) => {
  const { register, rpc, send, service } = context;
  const { id, key } = await register("of-two");
  // Of one minute, so that no step of a chart divides them.
  const timestamp = new Date(Math.floor(Date.now() / 60_000) * 60_000).toISOString();
  const metrics = VALUES.map((value) => ({ name: "response_time", type: "timer", value, timestamp }));
  await send("POST", `/functions/v1/metrics-collect/${id}`, key, { metrics });
  for (const [period, error] of Object.entries({ "1h": 0, "1d": 0, "7d": 0, "30d": SKETCHED })) {
    const query = `server_id=${id}&period=${period}&percentiles=${NAMES}`;
    const { body } = await send("GET", `${FETCH}?${query}`, key);
    assertShown(period, (body.latency as readonly object[])[0], NAMES, error);
    const headers: RequestHeaders = key;
    const asked = { serverId: id, period, percentiles: NAMES };
    const { latency } = await rpc.fetchMetrics(asked, { headers: { ...headers } });
    assertShown(`RPC, ${period}`, latency[0]?.percentiles, NAMES, error);
  }
  const [day] = readRows(service.databasePath, "SELECT * FROM server_metrics_daily");
  assertShown(
    "server_metrics_daily",
    day,
    NAMES.map((name) => `${name}_value`),
  );
});

test.run();

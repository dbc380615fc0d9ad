import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CHART_PERIODS } from "../../src/api/directory/periods.ts";
import { ADMIN, WRITER } from "../support/http.ts";
import { WRONG_KEY } from "../support/service.ts";
import { readRows } from "../support/sql.ts";
import { COLLECT, type DirectoryContext, FETCH, ISO, type Json, openDirectory } from "./directory-service.ts";

const test = suite<DirectoryContext>("FetchMetrics");
test.before(async (context) => void Object.assign(context, await openDirectory()));
test.after(({ close }) => close());

const MAX_AGE = { "1h": 30, "6h": 60, "12h": 60, "1d": 300, "7d": 900, "30d": 3600, "90d": 3600 };
const SERIES = ["uptime", "latency", "requests", "memory", "views", "installs"];
type Points = readonly { readonly timestamp: string; readonly value: number; readonly p95?: number }[];

const metricsOf = (minutesAgo: number, value: number) => {
  const timestamp = new Date(Date.now() - minutesAgo * 60_000).toISOString();
  const at = (name: string, type: string, more: number) => ({ name, type, value: more, timestamp });
  return [
    at("response_time", "timer", value),
    at("api_requests", "counter", value),
    at("memory_usage", "gauge", value),
    at("page_views", "count", 1),
    at("installations", "counter", 1),
    at("health_check", "gauge", value % 2),
    at("queue_depth", "histogram", value),
  ];
};

test("each of the seven periods sums counters and averages the rest, today included, as SQL does", async (context) => {
  const { key, id } = await context.register("seven");
  const minutes = [0, 1, 30, 59, 300, 700, 1400, 8000, 42_000];
  for (const [index, ago] of minutes.entries()) {
    const { body } = await context.send("POST", `${COLLECT}/${id}`, key, {
      metrics: metricsOf(ago, index + 1),
    });
    assert.is(body.rejected, 0, JSON.stringify(body));
  }
  for (const { name: period, ms, stepMs } of CHART_PERIODS) {
    const { status, body, headers } = await context.send(
      "GET",
      `${FETCH}?server_id=${id}&period=${period}&percentiles=p95`,
      key,
    );
    assert.is(status, 200);
    assert.is(headers.get("cache-control"), `private, max-age=${MAX_AGE[period as keyof typeof MAX_AGE]}`);
    const { success, metrics, ...top } = body;
    assert.equal([success, metrics], [true, top], "the same fields twice");
    assert.equal(Object.keys(top), [
      "server_id",
      "server_name",
      "period",
      ...SERIES,
      "other_metrics",
      "totals",
    ]);
    assert.equal([top.server_id, top.server_name, top.period], [id, "Server seven", period]);
    const from = new Date(Math.floor((Date.now() - ms) / stepMs) * stepMs).toISOString();
    const [expected] = readRows(
      context.service.databasePath,
      `SELECT sum(metric_value) FILTER (WHERE metric_name = 'api_requests') AS requests,
         sum(metric_value) FILTER (WHERE metric_name = 'page_views') AS views,
         sum(metric_value) FILTER (WHERE metric_name = 'installations') AS installs
       FROM server_metrics WHERE server_id = ? AND recorded_at >= ?`,
      id,
      from,
    );
    for (const series of ["requests", "views", "installs"]) {
      const sum = (top[series] as Points).reduce((total, { value }) => total + value, 0);
      assert.is(sum, expected?.[series], `${period} ${series}`);
    }
    for (const [series, metric] of [
      ["latency", "response_time"],
      ["memory", "memory_usage"],
    ]) {
      for (const { timestamp, value, p95 } of top[series as string] as Points) {
        assert.match(timestamp, ISO);
        const until = new Date(Date.parse(timestamp) + stepMs).toISOString();
        const [row] = readRows(
          context.service.databasePath,
          `SELECT avg(metric_value) AS average, max(metric_value) AS greatest FROM server_metrics
           WHERE server_id = ? AND metric_name = ? AND recorded_at >= ? AND recorded_at < ?`,
          id,
          String(metric),
          timestamp,
          until,
        );
        assert.ok(Math.abs(value - Number(row?.average)) < 1e-9, `${period} ${series} ${timestamp}`);
        assert.ok(Number(p95) <= Number(row?.greatest) * 1.0101);
      }
    }
    const last = (top.requests as Points).at(-1);
    assert.ok(Date.now() - Date.parse(last?.timestamp ?? "") <= stepMs + 60_000, "now is in it");
    assert.equal(Object.keys(top.other_metrics as Json), ["queue_depth"]);
    const [mean] = readRows(
      context.service.databasePath,
      `SELECT avg(metric_value) FILTER (WHERE metric_name = 'response_time') AS latency,
         avg(metric_value) FILTER (WHERE metric_name = 'memory_usage') AS memory,
         avg(metric_value) FILTER (WHERE metric_name = 'queue_depth') AS queue_depth,
         avg(metric_value) FILTER (WHERE metric_name = 'health_check') AS uptime
       FROM server_metrics WHERE server_id = ? AND recorded_at >= ?`,
      id,
      from,
    );
    const { queue_depth, ...means } = { ...expected, ...mean };
    const { other_metrics, ...totals } = top.totals as Json;
    assert.equal([totals, other_metrics], [means, { queue_depth }], period);
  }
});

test("uptime is a share, 0 to 1, in every form of the answer, and its total weighs each check the same", async (context) => {
  const { key, id } = await context.register("shares");
  const check = (minutesAgo: number, value: number) => ({
    name: "health_check",
    type: "gauge",
    value,
    timestamp: new Date(Date.now() - minutesAgo * 60_000).toISOString(),
  });
  // 30 good checks in one step and a bad one in another.
  const metrics = [...Array.from({ length: 30 }, () => check(40, 1)), check(1, 0)];
  assert.is((await context.send("POST", `${COLLECT}/${id}`, key, { metrics })).body.rejected, 0);
  for (const path of [`${FETCH}?server_id=${id}&period=1h`, `/servers/${id}/metrics?period=1h`]) {
    const { body } = await context.send("GET", path, key);
    for (const figures of [body, body.metrics as Json]) {
      assert.equal(
        (figures.uptime as Points).map(({ value }) => value),
        [1, 0],
      );
      assert.equal(figures.totals, { uptime: 30 / 31, other_metrics: {} });
    }
  }
  for (const { name, directory } of context.clients) {
    const answer = await directory.fetchMetrics({ serverId: id, period: "1h" }, { headers: key });
    const shares = answer.uptime.map(({ value }) => value);
    assert.equal([shares, answer.totals?.uptime, answer.totals?.latency], [[1, 0], 30 / 31, undefined], name);
  }
});

test("a fetch is never behind what was answered before it", async (context) => {
  const { key, id } = await context.register("fresh");
  for (let sum = 1; sum <= 20; sum += 1) {
    await context.send("POST", `${COLLECT}/${id}`, key, {
      metrics: [{ name: "api_requests", type: "counter", value: 1 }],
    });
    const { body } = await context.send("GET", `/servers/${id}/metrics?period=90d`, key);
    assert.is((body.requests as Points)[0]?.value, sum);
  }
});

test("metrics= chooses by the names of metrics and of series, everywhere", async (context) => {
  const { key, id } = await context.register("chosen");
  await context.send("POST", `${COLLECT}/${id}`, key, { metrics: metricsOf(1, 3) });
  const shown = async (metrics: string) => {
    const { body } = await context.send("GET", `${FETCH}?server_id=${id}&period=30d&${metrics}`, key);
    const filled = SERIES.filter((name) => (body[name] as Points).length > 0);
    return [...filled, ...Object.keys(body.other_metrics as Json)];
  };
  assert.equal(await shown("metrics=latency,page_views"), ["latency", "views"]);
  assert.equal(await shown("metrics=queue_depth&metrics=uptime"), ["uptime", "queue_depth"]);
  assert.equal(await shown("metrics=health_check"), ["uptime"]);
  assert.equal(await shown("metrics=nothing"), []);
  assert.equal(await shown("metrics=,"), [...SERIES, "queue_depth"]);
});

test("a name that is sent as both a sum and a measurement keeps both", async (context) => {
  const { key, id } = await context.register("twofold");
  const metrics = [2, 4].flatMap((value) =>
    ["gauge", "timer", "counter", "count"].map((type) => ({ name: "x", type, value })),
  );
  await context.send("POST", `${COLLECT}/${id}`, key, { metrics });
  const { body } = await context.send("GET", `${FETCH}?server_id=${id}&period=90d`, key);
  const { x, x_avg } = body.other_metrics as Record<string, Points>;
  assert.equal([x?.[0]?.value, x_avg?.[0]?.value], [12, 3]);
});

test("what cannot be answered is rejected in the directory's words", async (context) => {
  const { key, id } = await context.register("asked");
  const cases: readonly (readonly [string, number, string | RegExp])[] = [
    [FETCH, 400, "Server ID is required"],
    [`${FETCH}?server_id=${id}&period=2h`, 400, "Invalid period"],
    [`${FETCH}?server_id=${id}&server_id=other`, 400, "Server ID is given twice, with different values"],
    [`${FETCH}?server_id=${id}&percentiles=p101`, 422, /"p101" is no percentile/],
    [`${FETCH}?server_id=${id}&percentiles=median`, 422, /"median" is no percentile/],
    [`/servers/${id}/metrics?server_id=other`, 400, "Server ID is given twice, with different values"],
  ];
  for (const [path, status, error] of cases) {
    const answer = await context.send("GET", path, key);
    assert.is(answer.status, status, path);
    assert.is(answer.body.success, false);
    if (typeof error === "string") assert.is(answer.body.error, error);
    else assert.match(String(answer.body.error), error);
  }
  const post = await context.send("POST", FETCH, key, {});
  assert.equal([post.status, post.body.error], [405, "Method not allowed"]);
  const { body } = await context.send("GET", `${FETCH}?server_id=${id}&period=`, key);
  assert.is(body.period, "7d", "the default");
});

test("whether a server exists is visible with a key for it; what is public, to everybody", async (context) => {
  const hidden = await context.register("hidden");
  const other = await context.register("neighbour");
  const keys = {
    none: {},
    wrong: { "x-api-key": WRONG_KEY },
    writer: WRITER,
    other: other.key,
  };
  for (const [name, key] of Object.entries(keys)) {
    const told = [];
    for (const id of ["hidden", "absent"]) {
      for (const path of [`${FETCH}?server_id=${id}`, `/servers/${id}/metrics`]) {
        const { status, body } = await context.send("GET", path, key);
        told.push([status, body.error, body.code]);
      }
    }
    assert.ok([401, 403].includes(Number(told[0]?.[0])), name);
    assert.equal(
      new Set(told.map((answer) => JSON.stringify(answer))).size,
      1,
      `${name}: ${JSON.stringify(told)}`,
    );
  }
  for (const key of [context.reader, ADMIN]) {
    assert.is((await context.send("GET", `${FETCH}?server_id=hidden`, key)).status, 200);
    const absent = await context.send("GET", `${FETCH}?server_id=absent`, key);
    assert.equal(
      [absent.status, absent.body.error, absent.body.code],
      [404, "Server not found", "not_found"],
    );
  }
  assert.is((await context.send("GET", `${FETCH}?server_id=hidden`, hidden.key)).status, 200);
  await context.register("shop-window", { isPublic: true });
  for (const key of [{}, WRITER, other.key]) {
    const { status, headers } = await context.send("GET", `${FETCH}?server_id=shop-window`, key);
    assert.equal([status, headers.get("cache-control")], [200, "public, max-age=900"]);
  }
  const wrong = await context.send("GET", `${FETCH}?server_id=shop-window`, keys.wrong);
  assert.equal([wrong.status, wrong.body.error], [401, "Invalid API key"]);
});

test.run();

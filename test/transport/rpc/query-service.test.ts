import { create, toJson } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  DataSource,
  FilterOperator,
  QuerySeriesRequestSchema,
  SummaryGroup,
} from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import { METRIC_TYPES } from "../../../src/catalogue/catalogue.ts";
import { HOUR_MS } from "../../../src/lib/time.ts";
import { ALPHA_KEY, BETA_KEY } from "../../support/service.ts";
import { AS_ADMIN, BASE_MS, type QueryClient, RANGE, rejectionOf, setup } from "./queried-service.ts";

const service = await setup();
await service.submitTools();
const [door] = service.doors;
if (door === undefined) throw new Error("no door");
const queries = service.client(door);

test.after(() => service.close());

async function collect<Item>(stream: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

const SERIES = {
  range: RANGE,
  step: durationFromMs(HOUR_MS),
  groupBy: ["tool"],
  statistics: ["count", "errors", "p100"],
};

test("the metric types come alike through every protocol and for every key: all of the catalogue", async () => {
  for (const each of service.doors) {
    for (const key of [ALPHA_KEY, service.readerKey]) {
      const { types } = await service.client(each).listMetricTypes({}, service.as(key));
      assert.equal(
        types.map(({ name, description }) => [name, description]),
        METRIC_TYPES.map(({ name, description }) => [name, description]),
        each.name,
      );
    }
  }
  const { types } = await queries.listMetricTypes({}, AS_ADMIN);
  assert.equal(types.find(({ name }) => name === "protocol_latency")?.dimensions, [
    "server",
    "flow_step",
    "server_name",
  ]);
});

test("statistics over time come alike through every protocol", async () => {
  for (const each of service.doors) {
    const answer = await service.client(each).querySeries(SERIES, AS_ADMIN);
    assert.equal(answer.timestamps.map(timestampMs), [BASE_MS], each.name);
    assert.equal(
      answer.series.map(({ labels }) => labels.tool),
      ["find", "sort"],
      each.name,
    );
    const [, sort] = answer.series;
    assert.equal(
      sort?.columns.map(({ statistic }) => statistic),
      ["count", "errors", "p100"],
    );
    const [count, errors, longest] = sort?.columns.map(({ values }) => values[0] ?? 0) ?? [];
    assert.equal([count, errors], [10, 1], each.name);
    assert.ok(Math.abs((longest ?? 0) - 100) <= 1, `${longest}`);
    assert.ok(answer.sources.every(({ source }) => source === DataSource.HOURLY));
  }
});

test("a query is a Connect GET as well", async () => {
  const message = JSON.stringify(toJson(QuerySeriesRequestSchema, create(QuerySeriesRequestSchema, SERIES)));
  const url = `${service.url}/mcp.metrics.v1.QueryService/QuerySeries?connect=v1&encoding=json&message=${encodeURIComponent(message)}`;
  const answer = await fetch(url, AS_ADMIN);
  assert.is(answer.status, 200);
  const { series } = (await answer.json()) as { series: { columns: { values: unknown[] }[] }[] };
  assert.equal(series[0]?.columns[0]?.values, [5]);
});

test("where there is nothing to say, JSON says NaN", async () => {
  const asked = { ...SERIES, groupBy: [], statistics: ["avg", "error_rate"], step: durationFromMs(60_000) };
  const answer = await queries.querySeries({ ...asked, types: ["tool_execution"] }, AS_ADMIN);
  assert.equal(answer.series[0]?.columns[0]?.values.slice(8, 12), [1, 1, Number.NaN, Number.NaN]);
});

test("a range that steps widen beyond the year 9999 ends with it, also as JSON", async () => {
  const end = "9999-12-31T23:59:59.999Z";
  const asked = [
    { range: { start: "2026-01-01T00:00:00Z", end } },
    { range: { start: "9999-12-30T00:00:00Z", end }, step: "604800s" },
    { step: "315576000000s" },
  ];
  for (const request of asked) {
    const answer = await fetch(`${service.url}/mcp.metrics.v1.QueryService/QuerySeries`, {
      method: "POST",
      headers: { ...AS_ADMIN.headers, "content-type": "application/json" },
      body: JSON.stringify({ ...request, statistics: ["count"] }),
    });
    assert.is(answer.status, 200);
    assert.is(((await answer.json()) as { range: { end: string } }).range.end, end);
  }
});

test("a step is chosen where none is given", async () => {
  const stepOf = async (ms: number) => {
    const range = { start: timestampFromMs(BASE_MS - ms), end: timestampFromMs(BASE_MS) };
    const answer = await queries.querySeries({ range, statistics: ["count"] }, AS_ADMIN);
    return Number(answer.step?.seconds);
  };
  const hours = [1, 3, 4, 24, 100, 24 * 7, 24 * 30, 24 * 90, 24 * 300, 24 * 365 * 6];
  const steps = await Promise.all(hours.map((each) => stepOf(each * HOUR_MS)));
  assert.equal(steps, [60, 60, 300, 900, 3600, 3600, 21_600, 86_400, 604_800, 11 * 86_400]);
});

test("rankings, summaries and values of dimensions", async () => {
  const top = await queries.topValues(
    { dimension: "tool", by: "p50", range: RANGE, statistics: ["count"], limit: 1 },
    AS_ADMIN,
  );
  assert.equal(
    top.rows.map(({ value, statistics }) => [value, statistics.count]),
    [["sort", 10]],
  );
  const summary = await queries.summary(
    { range: RANGE, group: SummaryGroup.SERVICE, statistics: ["count", "error_rate"] },
    AS_ADMIN,
  );
  assert.equal(
    summary.rows.map(({ name, statistics }) => [name, statistics.count, statistics.error_rate]),
    [
      ["alpha", 10, 0.1],
      ["beta", 5, 0.2],
    ],
  );
  assert.is(summary.totals.count, 15);
  const byType = await queries.summary({ range: RANGE, group: SummaryGroup.TYPE }, AS_ADMIN);
  assert.equal(
    byType.rows.map(({ name }) => name),
    ["tool_execution"],
  );
  assert.equal(Object.keys(byType.totals).sort(), [
    "count",
    "duration_avg",
    "error_rate",
    "p50",
    "p95",
    "p99",
    "rate",
  ]);
  const first = await queries.listDimensionValues({ dimension: "tool", range: RANGE, pageSize: 1 }, AS_ADMIN);
  assert.equal(
    first.values.map(({ value, count }) => [value, count]),
    [["find", 5n]],
  );
  const same = { dimension: "tool", range: RANGE, pageSize: 1, pageToken: first.nextPageToken };
  const second = await queries.listDimensionValues(same, AS_ADMIN);
  assert.equal([second.values[0]?.value, second.nextPageToken], ["sort", ""]);
  const prefixed = await queries.listDimensionValues(
    { dimension: "service", range: RANGE, prefix: "b" },
    AS_ADMIN,
  );
  assert.equal(
    prefixed.values.map(({ value }) => value),
    ["beta"],
  );
});

test("events are listed newest first and exported oldest first, through every protocol", async () => {
  for (const each of service.doors) {
    const client = service.client(each);
    const listed = await client.listEvents({ range: RANGE, pageSize: 1000 }, AS_ADMIN);
    const batches = await collect(client.exportEvents({ range: RANGE }, AS_ADMIN));
    const exported = batches.flatMap(({ events }) => events);
    assert.is(listed.events.length, 15, each.name);
    const ids = (events: typeof exported) => events.map(({ id }) => id);
    assert.equal(ids(exported).reverse(), ids(listed.events), each.name);
    const sort = exported.find(({ service: name }) => name === "alpha");
    assert.equal(sort?.dimensions.tool_name?.kind, { case: "stringValue", value: "sort" });
    assert.match(sort?.requestId ?? "", /^req_[0-9a-f]{16}$/);
    assert.is(sort?.timestamp && timestampMs(sort.timestamp), BASE_MS);
  }
});

test("a query right after a Submit has it, and counts it once when it is in the rollups too", async () => {
  const end = timestampFromMs(BASE_MS + 2 * HOUR_MS);
  const asked = { ...SERIES, range: { start: RANGE.end, end }, groupBy: [], types: ["registry_operation"] };
  for (let stored = 1; stored <= 5; stored += 1) {
    await service.submit(ALPHA_KEY, "alpha", [
      { type: "registry_operation", value: 1, timestamp: BASE_MS + HOUR_MS + stored },
    ]);
    for (const isFlushed of [false, true]) {
      const flush = { method: "POST", headers: { "x-api-key": ALPHA_KEY } };
      if (isFlushed) assert.is((await fetch(`${service.url}/flush`, flush)).status, 200);
      const answer = await queries.querySeries(asked, AS_ADMIN);
      assert.is(answer.series[0]?.columns[0]?.values[0], stored);
    }
  }
});

/** What the bearer of a key learns of which services, by every query. */
async function servicesSeen(
  client: QueryClient,
  key: string,
  filters: Parameters<QueryClient["summary"]>[0]["filters"] = [],
  range = RANGE,
) {
  const as = service.as(key);
  const asked = { range, filters };
  const values = await client.listDimensionValues({ ...asked, dimension: "service" }, as);
  const series = await client.querySeries({ ...asked, groupBy: ["service"], statistics: ["count"] }, as);
  const top = await client.topValues({ ...asked, dimension: "service" }, as);
  const summary = await client.summary({ ...asked, group: SummaryGroup.SERVICE }, as);
  const listed = await client.listEvents(asked, as);
  const exported = await collect(client.exportEvents(asked, as));
  return [
    values.values.map(({ value }) => value),
    series.series.map(({ labels }) => labels.service ?? ""),
    top.rows.map(({ value }) => value).sort(),
    summary.rows.map(({ name }) => name),
    [...new Set(listed.events.map((event) => event.service))].sort(),
    [...new Set(exported.flatMap(({ events }) => events.map((event) => event.service)))].sort(),
  ];
}

test("a writer key sees its own service and nothing of another, reader and admin keys see all", async () => {
  const everywhere = (services: string[]) => Array(6).fill(services);
  assert.equal(await servicesSeen(queries, ALPHA_KEY), everywhere(["alpha"]));
  assert.equal(await servicesSeen(queries, BETA_KEY), everywhere(["beta"]));
  assert.equal(await servicesSeen(queries, service.readerKey), everywhere(["alpha", "beta"]));
  const ofBeta = [{ dimension: "service", operator: FilterOperator.EQUALS, values: ["beta"] }];
  assert.equal(await servicesSeen(queries, ALPHA_KEY, ofBeta), everywhere([]));
  assert.equal(await servicesSeen(queries, service.readerKey, ofBeta), everywhere(["beta"]));
  const notAlpha = [{ dimension: "service", operator: FilterOperator.NOT_IN, values: ["alpha"] }];
  assert.equal(await servicesSeen(queries, ALPHA_KEY, notAlpha), everywhere([]));
  const tools = await queries.listDimensionValues({ dimension: "tool", range: RANGE }, service.as(ALPHA_KEY));
  assert.equal(
    tools.values.map(({ value }) => value),
    ["sort"],
  );
});

test("a writer key sees what its service's keys wrote under other names, through every query", async () => {
  const startMs = BASE_MS - 5 * HOUR_MS;
  const range = { start: timestampFromMs(startMs), end: timestampFromMs(startMs + HOUR_MS) };
  const metric = { type: "custom", value: 1, timestamp: startMs + 1 };
  await service.submit(ALPHA_KEY, "alpha", [metric]);
  await service.submit(ALPHA_KEY, "alpha-server", [metric]);
  await service.submit(BETA_KEY, "alpha-server", [metric, metric]);
  await service.submit(BETA_KEY, "alpha-other", [metric]);
  const seen = async (key: string) => (await servicesSeen(queries, key, [], range))[0];
  const everywhere = (services: string[]) => Array(6).fill(services);
  assert.equal(await servicesSeen(queries, ALPHA_KEY, [], range), everywhere(["alpha", "alpha-server"]));
  assert.equal(await seen(BETA_KEY), ["alpha-other", "alpha-server"]);
  const { rows } = await queries.summary({ range, group: SummaryGroup.SERVICE }, service.as(ALPHA_KEY));
  assert.equal(
    rows.map(({ statistics }) => statistics.count),
    [1, 1],
  );
});

test("a page token is of one request and one key's view", async () => {
  const { nextPageToken } = await queries.listEvents({ range: RANGE, pageSize: 1 }, AS_ADMIN);
  const next = (changes: object, key = service.readerKey) =>
    queries.listEvents({ range: RANGE, pageSize: 3, pageToken: nextPageToken, ...changes }, service.as(key));
  assert.is((await next({})).events.length, 3);
  assert.is(await rejectionOf(next({ types: ["custom"] })), "validation_failed page_token");
  assert.is(await rejectionOf(next({}, ALPHA_KEY)), "validation_failed page_token");
  for (const pageToken of [
    "x",
    "e30",
    Buffer.from('{"range":{"startMs":0,"endMs":1}}').toString("base64url"),
  ]) {
    assert.is(await rejectionOf(next({ pageToken })), "validation_failed page_token");
  }
});

test("a page token of the last hour keeps to the hour it began with", async () => {
  await service.submit(
    BETA_KEY,
    "beta",
    [1, 2, 3].map((value) => ({ type: "custom", value })),
  );
  const asked = { types: ["custom"], pageSize: 2 };
  const first = await queries.listEvents(asked, AS_ADMIN);
  await service.submit(BETA_KEY, "beta", [{ type: "custom", value: 4 }]);
  const second = await queries.listEvents({ ...asked, pageToken: first.nextPageToken }, AS_ADMIN);
  const values = [...first.events, ...second.events].map(({ value }) => value);
  assert.equal([values.sort(), second.nextPageToken], [[1, 2, 3], ""]);
});

test.run();

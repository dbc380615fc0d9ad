import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { HOUR_MS } from "../../../src/lib/time.ts";
import { temporaryPath } from "../../sqlite/databases.ts";
import { fillDatabase } from "../../support/fill-database.ts";
import { AS_ADMIN, BASE_MS, type QueryClient, RANGE, rejectionOf, setup } from "./queried-service.ts";

const databasePath = temporaryPath();
fillDatabase(databasePath, { rows: 1_000_000, startMs: BASE_MS, spanMs: HOUR_MS });
const service = await setup({ METRICS_QUERY_TIMEOUT_SECONDS: "0.1", SQLITE_DB_PATH: databasePath });
const grpc = service.doors.find(({ protocol }) => protocol === "gRPC");
if (grpc === undefined) throw new Error("no door");
const queries = service.client(grpc);

test.after(() => service.close());

type SeriesRequest = Parameters<QueryClient["querySeries"]>[0];
const many = (length: number) => Array.from({ length }, (_, index) => `${index}`);
const filter = (values: string[], operator = 1, dimension = "tool") => [{ dimension, operator, values }];

const refusals: readonly { readonly name: string; readonly asked: SeriesRequest; readonly fields: string }[] =
  [
    { name: "no statistic", asked: { statistics: [] }, fields: "statistics" },
    { name: "an unknown statistic", asked: { statistics: ["median"] }, fields: "statistics" },
    { name: "a quantile beyond 100", asked: { statistics: ["p100.1"] }, fields: "statistics" },
    {
      name: "too many statistics",
      asked: { statistics: many(21).map((n) => `p${n}`) },
      fields: "statistics",
    },
    { name: "an unknown type", asked: { types: ["auth_reqest"] }, fields: "types" },
    { name: "too many types", asked: { types: many(101) }, fields: "types" },
    { name: "an unknown dimension", asked: { groupBy: ["user_hash"] }, fields: "group_by" },
    {
      name: "another type's dimension",
      asked: { types: ["auth_request"], groupBy: ["tool_name"] },
      fields: "group_by",
    },
    {
      name: "too many dimensions",
      asked: { groupBy: ["tool", "server", "method", "client", "success", "type"] },
      fields: "group_by",
    },
    {
      name: "a filter without a dimension",
      asked: { filters: filter(["a"], 1, "") },
      fields: "filters[0].dimension",
    },
    { name: "a filter without values", asked: { filters: filter([], 3) }, fields: "filters[0].values" },
    {
      name: "equals with two values",
      asked: { filters: filter(["a", "b"], 1) },
      fields: "filters[0].values",
    },
    {
      name: "in with too many values",
      asked: { filters: filter(many(101), 3) },
      fields: "filters[0].values",
    },
    { name: "a long value", asked: { filters: filter(["x".repeat(201)]) }, fields: "filters[0].values" },
    { name: "an unknown operator", asked: { filters: filter(["a"], 9) }, fields: "filters[0].operator" },
    { name: "no operator", asked: { filters: filter(["a"], 0) }, fields: "filters[0].operator" },
    {
      name: "too many filters",
      asked: { filters: many(21).flatMap(() => filter(["a"])) },
      fields: "filters",
    },
    { name: "an empty range", asked: { range: { start: RANGE.end, end: RANGE.start } }, fields: "range" },
    {
      name: "a time before 1970",
      asked: { range: { start: timestampFromMs(-1), end: RANGE.end } },
      fields: "range.start",
    },
    { name: "a step of nothing", asked: { step: durationFromMs(0) }, fields: "step" },
    { name: "a step of half a second", asked: { step: durationFromMs(500) }, fields: "step" },
    { name: "a step of a second and a half", asked: { step: durationFromMs(1500) }, fields: "step" },
    {
      name: "too many points",
      asked: {
        step: durationFromMs(1000),
        range: { start: timestampFromMs(BASE_MS - 3 * HOUR_MS), end: RANGE.end },
      },
      fields: "step",
    },
    {
      name: "everything at once",
      asked: { types: ["x"], groupBy: ["y"], statistics: ["z"], step: durationFromMs(1) },
      fields: "types, group_by, statistics, step",
    },
  ];

for (const { name, asked, fields } of refusals) {
  test(`a query with ${name} is rejected with the place of the mistake`, async () => {
    const full = Object.assign({ range: RANGE, statistics: ["count"] }, asked);
    assert.is(await rejectionOf(queries.querySeries(full, AS_ADMIN)), `validation_failed ${fields}`);
  });
}

const others: readonly {
  readonly name: string;
  readonly call: () => Promise<unknown>;
  readonly fields: string;
}[] = [
  { name: "a ranking of nothing", call: () => queries.topValues({}, AS_ADMIN), fields: "dimension" },
  {
    name: "too long a ranking",
    call: () => queries.topValues({ dimension: "tool", limit: 101 }, AS_ADMIN),
    fields: "limit",
  },
  {
    name: "a ranking by nonsense",
    call: () => queries.topValues({ dimension: "tool", by: "x" }, AS_ADMIN),
    fields: "by",
  },
  {
    name: "a summary by nonsense",
    call: () => queries.summary({ group: 9 as never }, AS_ADMIN),
    fields: "group",
  },
  {
    name: "too large a page",
    call: () => queries.listEvents({ pageSize: 1001 }, AS_ADMIN),
    fields: "page_size",
  },
  {
    name: "a negative page",
    call: () => queries.listEvents({ pageSize: -1 }, AS_ADMIN),
    fields: "page_size",
  },
  {
    name: "a long prefix",
    call: () => queries.listDimensionValues({ dimension: "tool", prefix: "x".repeat(201) }, AS_ADMIN),
    fields: "prefix",
  },
  {
    name: "an export of an unknown type",
    call: () =>
      queries
        .exportEvents({ types: ["x"] }, AS_ADMIN)
        [Symbol.asyncIterator]()
        .next(),
    fields: "types",
  },
];

for (const { name, call, fields } of others) {
  test(`${name} is rejected with the place of the mistake`, async () => {
    assert.is(await rejectionOf(call()), `validation_failed ${fields}`);
  });
}

test("the limit and what was found stand in the message", async () => {
  const asked = {
    range: { start: timestampFromMs(0), end: RANGE.end },
    statistics: ["count"],
    step: durationFromMs(HOUR_MS),
  };
  const error = await queries.querySeries(asked, AS_ADMIN).catch((failure: unknown) => failure);
  assert.instance(error, ConnectError);
  assert.is((error as ConnectError).code, Code.InvalidArgument);
  const points = BASE_MS / HOUR_MS + 1;
  assert.match(
    (error as ConnectError).rawMessage,
    `step: makes ${points} points a series, at most 11000: use a step of`,
  );
});

test("a query that takes too long fails with what would help, and others are answered", async () => {
  const asked = {
    range: RANGE,
    statistics: ["p50"],
    step: durationFromMs(60_000),
    types: ["tool_execution"],
  };
  const error = await queries.querySeries(asked, AS_ADMIN).catch((failure: unknown) => failure);
  assert.instance(error, ConnectError);
  const { code, rawMessage } = error as ConnectError;
  assert.is(code, Code.DeadlineExceeded);
  assert.match(
    rawMessage,
    /^the query took longer than 0.1 s and read \d+ rows by then: use a shorter range/,
  );
  const earlier = { start: timestampFromMs(BASE_MS - HOUR_MS), end: RANGE.start };
  assert.equal((await queries.querySeries({ ...asked, range: earlier }, AS_ADMIN)).series, []);
});

test.run();

/** OTLP in, over a real port: the same points mean the same through every door, and are stored once. */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { AggregationTemporality } from "../../gen/opentelemetry/proto/metrics/v1/metrics_pb.js";
import { openReader } from "../../src/sqlite/file/open.ts";
import { WRITER } from "../support/http.ts";
import { startTestService, WRITER_KEY } from "../support/service.ts";
import {
  attributesOf,
  cumulative,
  gauge,
  type Metric,
  nowNs,
  openOtlpDoors,
  post,
  type Request,
  requestOf,
  resourceMetrics,
} from "./requests.ts";

const service = await startTestService();
const database = openReader(service.databasePath);
const doors = openOtlpDoors(service.url);
let names = 0;
/** A service that nobody has used. */
const freshService = () => `service-${++names}`;

test.after(async () => {
  database.close();
  await service.close();
});

const COLUMNS = `service_version, instance_id, metric_type, timestamp, value, duration_ms, dimensions, metadata,
  count, sum_duration_ms, distribution`;

function rowsOf(name: string): string[] {
  return database
    .all(`SELECT json_array(${COLUMNS}) AS said FROM metrics WHERE service = ? ORDER BY 1`, name)
    .map(({ said }) => String(said));
}

/** A point of every kind that can be stored, and some that cannot. */
function everything(name: string): Request {
  const timeUnixNano = 1_790_000_000_123_456_789n;
  const startTimeUnixNano = timeUnixNano - 60_000_000_000n;
  const times = { startTimeUnixNano, timeUnixNano };
  const delta = AggregationTemporality.DELTA;
  const cumulativeTemporality = AggregationTemporality.CUMULATIVE;
  const tool = attributesOf({ "mcp.method.name": "tools/call", "gen_ai.tool.name": "search" });
  const buckets = { count: 3n, sum: 0.75, explicitBounds: [0.1, 1], bucketCounts: [0n, 3n, 0n] };
  const exponential = {
    count: 3n,
    sum: 10,
    scale: 1,
    zeroCount: 1n,
    positive: { offset: 2, bucketCounts: [1n, 1n] },
  };
  const histogram = [{ ...times, ...buckets, attributes: tool, min: 0.125, max: 0.5 }];
  const metrics: Metric[] = [
    gauge("temperature", 21.5, { room: "a", floor: 3, open: true, ratio: 0.5 }, timeUnixNano),
    gauge("broken", Number.NaN, {}, timeUnixNano),
    cumulative("calls", 2n ** 39n - 1n, { startNs: startTimeUnixNano, timeNs: timeUnixNano }),
    {
      name: "mcp.server.operation.duration",
      unit: "s",
      data: { case: "histogram", value: { aggregationTemporality: delta, dataPoints: histogram } },
    },
    {
      name: "sizes",
      unit: "By",
      data: {
        case: "exponentialHistogram",
        value: { aggregationTemporality: cumulativeTemporality, dataPoints: [{ ...times, ...exponential }] },
      },
    },
    { name: "quantiles", data: { case: "summary", value: { dataPoints: [{}] } } },
  ];
  const resource = { "service.name": name, "service.version": "1.2.3", "service.instance.id": "pod:1" };
  return { resourceMetrics: [resourceMetrics(resource, metrics)] };
}

test("protobuf, JSON, gzip and gRPC store the same rows and reject the same points", async () => {
  const [first, ...others] = await Promise.all(
    doors.map(async ({ name, send }) => {
      const to = freshService();
      const { rejected, message, code } = await send(everything(to), WRITER);
      return { name, answer: { rejected, message, code }, rows: rowsOf(to) };
    }),
  );
  assert.is(first?.rows.length, 4);
  assert.equal(first?.answer, {
    code: 0,
    rejected: 2,
    message:
      "quantiles{}: a summary's quantiles cannot be added up; send a histogram; broken{}: value cannot be NaN",
  });
  for (const { name, answer, rows } of others)
    assert.equal({ answer, rows }, { answer: first?.answer, rows: first?.rows }, name);
});

test("a point becomes the row that the mapping says", async () => {
  const to = freshService();
  await doors[0]?.send(everything(to), { authorization: `Bearer ${WRITER_KEY}` });
  const rows = database.all(
    `SELECT ${COLUMNS} FROM metrics WHERE service = ? ORDER BY metric_type, value`,
    to,
  );
  const [sizes, temperature, calls, operations] = rows;
  assert.is(temperature?.timestamp, "2026-09-21T14:13:20.123Z");
  assert.is(temperature?.instance_id, "pod_1");
  const dimensions = { metric_name: "temperature", room: "a", floor: 3, open: true, ratio: 0.5 };
  assert.equal(JSON.parse(String(temperature?.dimensions)), dimensions);
  assert.equal([calls?.value, calls?.count], [2 ** 39 - 1, 1]);
  assert.equal([sizes?.metric_type, sizes?.value, sizes?.count, sizes?.duration_ms], ["custom", 10, 3, null]);
  assert.equal([operations?.metric_type, operations?.value, operations?.count], ["tool_execution", 3, 3]);
  assert.equal([operations?.duration_ms, operations?.sum_duration_ms], [250, 750]);
  const { success, method, tool_name, instrument } = JSON.parse(String(operations?.dimensions));
  assert.equal(
    [success, method, tool_name, instrument],
    [true, "tools/call", "search", "mcp.server.operation.duration"],
  );
});

test("points sent again, in any encoding and at the same moment, are stored once and answered alike", async () => {
  const to = freshService();
  const request = requestOf(to, gauge("a", 1), gauge("b", Number.NaN), gauge("c", 3));
  const answers = await Promise.all([...doors, ...doors].map(({ send }) => send(request, WRITER)));
  for (const { rejected, message } of answers)
    assert.equal([rejected, message], [1, "b{}: value cannot be NaN"]);
  assert.is(rowsOf(to).length, 2);
});

test("points without a time are new ones each time", async () => {
  const to = freshService();
  const request = requestOf(to, gauge("a", 1, {}, 0n));
  for (const { send } of doors) await send(request, WRITER);
  assert.is(rowsOf(to).length, doors.length);
});

test("totals that count since a start are right although everything is sent through all protocols at once", async () => {
  const to = freshService();
  const startNs = nowNs();
  const requests = Array.from({ length: 20 }, (_, index) =>
    requestOf(to, cumulative("calls", BigInt(index + 1), { startNs, timeNs: startNs + BigInt(index + 1) })),
  );
  await Promise.all(requests.flatMap((request) => doors.map(({ send }) => send(request, WRITER))));
  const sum = database.first("SELECT sum(value) AS total FROM metrics WHERE service = ?", to);
  assert.is(sum?.total, 20);
});

test("several resources in one request are each their own, and equal ones are one", async () => {
  const [one, other] = [freshService(), freshService()];
  const startNs = nowNs();
  const at = (value: bigint) => cumulative("calls", value, { startNs, timeNs: startNs + value });
  const bad = resourceMetrics({ "service.name": "x".repeat(101) }, [gauge("a", 1), gauge("b", 1)]);
  const resources = [
    resourceMetrics({ "service.name": one }, [at(5n)]),
    resourceMetrics({ "service.name": other }, [at(7n)]),
    resourceMetrics({ "service.name": one }, [at(9n)]),
    bad,
  ];
  const answer = await doors[0]?.send({ resourceMetrics: resources }, WRITER);
  assert.is(answer?.rejected, 2);
  assert.match(answer?.message ?? "", /Service name too long/);
  const totals = database.all(
    "SELECT sum(value) AS total FROM metrics WHERE service IN (?, ?) GROUP BY service",
    one,
    other,
  );
  assert.equal(
    totals.map(({ total }) => total),
    [9, 7],
  );
});

test("a service that nobody has named is the key's own, and odd names are written plainly", async () => {
  const cases = [
    [{ "service.name": "unknown_service:node" }, "test"],
    [{ "service.name": "" }, "test"],
    [{}, "test"],
    [{ "service.name": "my gateway/é" }, "my_gateway__"],
  ] as const;
  for (const [attributes, wanted] of cases) {
    const name = `named-${++names}`;
    await doors[0]?.send({ resourceMetrics: [resourceMetrics(attributes, [gauge(name, 1)])] }, WRITER);
    const sql = "SELECT service FROM metrics WHERE dimensions ->> '$.metric_name' = ?";
    assert.is(database.first(sql, name)?.service, wanted);
  }
});

test("JSON may write integers as numbers or text, and say what is not read", async () => {
  const [asText, asNumbers] = [freshService(), freshService()];
  for (const [to, write] of [
    [asText, String],
    [asNumbers, Number],
  ] as const) {
    const times = {
      timeUnixNano: write(1_790_000_000_000_000_000),
      startTimeUnixNano: write(1_780_000_000_000_000_000),
    };
    const exemplars = [{ traceId: "5b8efff798038103d269b633813fc60c", asInt: "1" }];
    const calls = { ...times, asInt: write(7), flags: 0, exemplars };
    const sizes = {
      ...times,
      count: write(3),
      sum: 4,
      bucketCounts: [write(1), write(2)],
      explicitBounds: [1],
    };
    const metrics = [
      {
        name: "calls",
        description: "x",
        sum: { dataPoints: [calls], aggregationTemporality: 2, isMonotonic: true },
      },
      { name: "sizes", unit: "By", histogram: { dataPoints: [sizes], aggregationTemporality: 1 } },
    ];
    const resource = { attributes: [{ key: "service.name", value: { stringValue: to } }] };
    const scopeMetrics = [{ metrics, schemaUrl: "https://example.com" }];
    const body = JSON.stringify({ resourceMetrics: [{ resource, scopeMetrics }], later: {} });
    const answer = await post(service.url, body, { ...WRITER, "content-type": "application/json" });
    assert.equal([answer.status, answer.rejected], [200, 0]);
  }
  assert.is(rowsOf(asText).length, 2);
  assert.equal(rowsOf(asNumbers), rowsOf(asText));
});

test("nothing is answered as success, and asks for no rows", async () => {
  for (const { name, send } of doors) {
    const { code, rejected } = await send({ resourceMetrics: [] }, WRITER);
    assert.equal([code, rejected], [0, 0], name);
  }
});

test("exponential buckets lie where their offset says, on either side of zero, through every door", async () => {
  const dataPoints = [
    {
      timeUnixNano: nowNs(),
      count: 6n,
      scale: 0,
      zeroCount: 1n,
      positive: { offset: 3, bucketCounts: [2n, 0n, 1n] },
      negative: { offset: -2, bucketCounts: [1n, 1n] },
    },
  ];
  const value = { aggregationTemporality: AggregationTemporality.DELTA, dataPoints };
  const metric: Metric = { name: "offsets", unit: "By", data: { case: "exponentialHistogram", value } };
  for (const { name, send } of doors) {
    const to = freshService();
    await send({ resourceMetrics: [resourceMetrics({ "service.name": to }, [metric])] }, WRITER);
    const [row] = database.all("SELECT distribution FROM metrics WHERE service = ?", to);
    const { values, counts } = JSON.parse(String(row?.distribution));
    // From 0.5 to 1 and from 0.25 to 0.5 below zero; two from 8 to 16 and one from 32 to 64 above it.
    assert.equal(
      [values, counts],
      [
        [-0.75, -0.375, 0, 10, 14, 48],
        [1, 1, 1, 1, 1, 1],
      ],
      name,
    );
  }
});

test.run();

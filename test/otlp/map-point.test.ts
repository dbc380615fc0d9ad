/** What the mapping makes of instruments and attributes. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { PointData } from "../../src/otlp/data-point.ts";
import { mapPoint } from "../../src/otlp/map-point.ts";
import { dataPoint, explicitOf } from "./points.ts";
import { NOW_NS, Store } from "./store.ts";

const GAUGE: PointData = { kind: "gauge", value: 1 };
const COUNTER: PointData = { kind: "sum", temporality: "delta", isMonotonic: true, value: 4 };
const SECONDS: PointData = explicitOf([0.25, 0.5], [1]);

const quiet = () => undefined;

function map(name: string, reading: PointData, attributes: Record<string, unknown> = {}, unit = "s") {
  const instrument = { name, unit, scope: "" };
  const point = dataPoint(reading, { instrument, attributes: new Map(Object.entries(attributes)) });
  return mapPoint(point, quiet);
}

const OPERATION = "mcp.server.operation.duration";
const CASES: readonly {
  readonly name: string;
  readonly mapped: ReturnType<typeof map>;
  readonly type: string;
  readonly dimensions: object;
  readonly metadata?: object;
}[] = [
  {
    name: "an operation that went well",
    mapped: map(OPERATION, SECONDS, { "mcp.method.name": "tools/call", "gen_ai.tool.name": "search" }),
    type: "tool_execution",
    dimensions: { instrument: OPERATION, method: "tools/call", tool_name: "search", success: true },
  },
  {
    name: "one that failed",
    mapped: map(OPERATION, SECONDS, { "mcp.method.name": "ping", "error.type": "timeout" }),
    type: "tool_execution",
    dimensions: { instrument: OPERATION, method: "ping", success: false },
    metadata: { error_code: "timeout" },
  },
  {
    name: "a client's operation on a server, of which the given name wins over the address",
    mapped: map("mcp.client.operation.duration", SECONDS, {
      "mcp.method.name": "initialize",
      "server.address": "10.0.0.1",
      "mcp.server.name": "github",
      "network.transport": "tcp",
    }),
    type: "tool_execution",
    dimensions: {
      instrument: "mcp.client.operation.duration",
      method: "initialize",
      server_name: "github",
      success: true,
      server_address: "10.0.0.1",
      network_transport: "tcp",
    },
  },
  {
    name: "the same name in no unit of time",
    mapped: map(OPERATION, SECONDS, {}, "1"),
    type: "tool_execution",
    dimensions: { instrument: OPERATION, success: true },
  },
  {
    name: "the same name on a counter",
    mapped: map(OPERATION, COUNTER),
    type: "custom",
    dimensions: { metric_name: OPERATION },
  },
  {
    name: "a gateway's own counter",
    mapped: map("mcp_auth_requests_total", COUNTER, { success: "true", method: "jwt" }, "1"),
    type: "auth_request",
    dimensions: { instrument: "mcp_auth_requests_total", success: "true", method: "jwt" },
  },
  {
    name: "anything else, its attributes under plain names",
    mapped: map("http.server.active", GAUGE, { "http.request.method": "GET", "2xx": true }),
    type: "custom",
    dimensions: { metric_name: "http.server.active", http_request_method: "GET", _2xx: true },
  },
];

for (const { name, mapped, type, dimensions, metadata } of CASES) {
  test(`${name} becomes ${type}`, () => {
    assert.equal({ ...mapped, timestamp: undefined }, { type, dimensions, metadata, timestamp: undefined });
  });
}

const SESSION = "mcp.server.session.duration";
const VALUES = [
  { name: "operations count", instrument: OPERATION, reading: SECONDS, value: 2, durationMs: 750 },
  { name: "… without a unit", instrument: OPERATION, unit: "", reading: SECONDS, value: 2, durationMs: 750 },
  {
    name: "… in another one",
    instrument: OPERATION,
    unit: "By",
    reading: SECONDS,
    value: 2,
    durationMs: 750,
  },
  {
    name: "… in words",
    instrument: OPERATION,
    unit: "milliseconds",
    reading: SECONDS,
    value: 2,
    durationMs: 0.75,
  },
  { name: "sessions count", instrument: SESSION, unit: "", reading: SECONDS, value: 2, durationMs: 750 },
  {
    name: "a counter counts what it says",
    instrument: "mcp_tool_executions_total",
    unit: "1",
    reading: COUNTER,
    value: 4,
  },
  {
    name: "durations beside a counter count nothing",
    instrument: "mcp_tool_execution_duration_seconds",
    reading: SECONDS,
    value: 0,
    durationMs: 750,
  },
  {
    name: "… also without a unit",
    instrument: "mcp_tool_execution_duration_seconds",
    unit: "",
    reading: SECONDS,
    value: 0,
    durationMs: 750,
  },
  {
    name: "other durations count",
    instrument: "db.client.duration",
    reading: SECONDS,
    value: 2,
    durationMs: 750,
  },
  {
    name: "other durations in words do",
    instrument: "db.client.duration",
    unit: "microseconds",
    reading: SECONDS,
    value: 2,
    durationMs: 0.000_75,
  },
  {
    name: "without a unit they add up",
    instrument: "db.client.duration",
    unit: "",
    reading: SECONDS,
    value: 0.75,
  },
];

for (const { name, instrument, unit = "s", reading, value, durationMs } of VALUES) {
  test(`${name}: ${instrument} has the value ${value}`, async () => {
    const point = dataPoint(reading, {
      instrument: { name: instrument, unit, scope: "" },
      timeNs: NOW_NS,
    });
    const [measurement] = (await new Store().validate([point])).measurements;
    assert.equal([measurement?.value, measurement?.durationMs], [value, durationMs]);
  });
}

test("a distribution of sizes adds them up, and has no durations", async () => {
  const instrument = { name: "size", unit: "By", scope: "" };
  const point = dataPoint(explicitOf([10, 30], [20]), { instrument, timeNs: NOW_NS });
  const [measurement] = (await new Store().validate([point])).measurements;
  assert.equal(
    [measurement?.value, measurement?.durationMs, measurement?.distribution?.count],
    [40, undefined, 2],
  );
});

test("one set of attributes is mapped for each of its instruments, and what is left out is told each time", () => {
  const attributes = new Map<string, unknown>([
    ["gen_ai.tool.name", "search"],
    ["note", "x".repeat(5000)],
  ]);
  const short = new Map([["gen_ai.tool.name", "search"]]);
  const nameIn = ({ dimensions }: ReturnType<typeof mapPoint>) =>
    (dimensions as Record<string, unknown>).metric_name;
  const mapOf = (name: string, of: Map<string, unknown>, data: PointData, told: string[]) =>
    mapPoint(
      dataPoint(data, { instrument: { name, unit: "s", scope: "" }, attributes: of }),
      (field, reason) => void told.push(`${field} ${reason}`),
    );
  for (let round = 0; round < 3; round += 1) {
    const told: string[] = [];
    for (const sent of [attributes, short])
      for (let instrument = 0; instrument < 40; instrument += 1)
        assert.is(nameIn(mapOf(`custom.${instrument}`, sent, GAUGE, told)), `custom.${instrument}`);
    const operation = mapOf(OPERATION, short, SECONDS, told);
    const counted = mapOf(OPERATION, short, COUNTER, told);
    assert.equal([operation.type, counted.type], ["tool_execution", "custom"]);
    assert.is(told.length, 40, "for each point that has the long one");
  }
});

test.run();

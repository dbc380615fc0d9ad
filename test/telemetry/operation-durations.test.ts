import { test } from "uvu";
import * as assert from "uvu/assert";
import type { DimensionValue } from "../../src/catalogue/measurement.ts";
import { measure, open } from "./open-telemetry.ts";
import { openReceiver } from "./otlp-receiver.ts";
import { only, select, sum } from "./scrape.ts";

const SERVER = "mcp_server_operation_duration_seconds";
const CLIENT = "mcp_client_operation_duration_seconds";
/** Of the semantic conventions for MCP, whatever HISTOGRAM_BUCKET_BOUNDARIES says. */
const BOUNDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];

interface Operation {
  readonly name: string;
  readonly dimensions: Readonly<Record<string, DimensionValue>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly attributes: Readonly<Record<string, string>>;
}

const CALL = { method: "tools/call", tool_name: "search" };
const CALLED = { "mcp.method.name": "tools/call", "gen_ai.tool.name": "search" };
const OPERATIONS: readonly Operation[] = [
  { name: "a call that went well", dimensions: { ...CALL, success: true }, attributes: CALLED },
  {
    name: "a code that does not belong to a failure",
    dimensions: { ...CALL, success: "true" },
    metadata: { error_code: "-32602" },
    attributes: CALLED,
  },
  {
    name: "a failure with its JSON-RPC code",
    dimensions: { ...CALL, success: "false" },
    metadata: { error_code: -32602 },
    attributes: { ...CALLED, "error.type": "-32602" },
  },
  {
    name: "a failure with a word for it",
    dimensions: { ...CALL, success: false },
    metadata: { error_code: "tool_error" },
    attributes: { ...CALLED, "error.type": "tool_error" },
  },
  {
    name: "a failure that says no more",
    dimensions: { ...CALL, success: "False" },
    attributes: { ...CALLED, "error.type": "_OTHER" },
  },
  {
    name: "a failure with a code that is none",
    dimensions: { ...CALL, success: false },
    metadata: { error_code: { code: 1 } },
    attributes: { ...CALLED, "error.type": "_OTHER" },
  },
  {
    name: "a method without a tool",
    dimensions: { method: "tools/list", tool_name: "", success: "true" },
    attributes: { "mcp.method.name": "tools/list" },
  },
  {
    name: "neither method nor outcome",
    dimensions: { tool_name: "search" },
    attributes: { "mcp.method.name": "_unset", "gen_ai.tool.name": "search" },
  },
];

for (const { name, dimensions, metadata = {}, attributes } of OPERATIONS) {
  test(`an operation has the attributes of the conventions, in Prometheus and over OTLP: ${name}`, async () => {
    const receiver = await openReceiver();
    const telemetry = open({ naming: "both", otlp: otlpTo(receiver.url) });
    telemetry.recorder.record("gateway", [
      measure({ type: "tool_execution", dimensions, metadata, durationMs: 45 }),
    ]);
    await telemetry.forceFlush();
    const expected = { service: "gateway", ...attributes };
    const [sample] = select(await telemetry.scrape(), `${SERVER}_count`);
    assert.equal(sample?.labels, underscored(expected));
    const points = receiver.points.filter((point) => point.name.startsWith("mcp.server.operation"));
    assert.equal(points, [
      { name: "mcp.server.operation.duration", value: 1, attributes: expected, bounds: BOUNDS },
    ]);
    await telemetry.shutdown();
    await receiver.close();
  });
}

function otlpTo(url: string) {
  const timing = { timeoutMs: 5_000, intervalMs: 3_600_000 };
  return {
    url: `${url}/v1/metrics`,
    headers: {},
    compression: "none",
    temporality: "cumulative",
    ...timing,
  } as const;
}

function underscored(attributes: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => [key.replaceAll(".", "_"), value]),
  );
}

test("durations are in seconds, in the buckets that the conventions ask for", async () => {
  const telemetry = open({ naming: "both", secondsBoundaries: [1, 2] });
  const durations = [10, 10.5, 300_000, 300_001];
  telemetry.recorder.record(
    "s",
    durations.map((durationMs) => measure({ type: "tool_execution", dimensions: CALL, durationMs })),
  );
  const samples = await telemetry.scrape();
  const bucketOf = (le: number) => only(samples, `${SERVER}_bucket`, { le: String(le) });
  assert.equal([0.01, 0.02, 120, 300].map(bucketOf), [1, 2, 2, 3]);
  assert.is(select(samples, `${SERVER}_bucket`).length, BOUNDS.length + 1);
  assert.ok(Math.abs(only(samples, `${SERVER}_sum`) - 600.0215) < 1e-9);
  await telemetry.shutdown();
});

const COMPOSER: readonly (Operation & { readonly type: string })[] = [
  {
    type: "tool_invocation",
    name: "a call that went well",
    dimensions: { tool_id: "github.search", status: "success" },
    attributes: { "mcp.method.name": "tools/call", "gen_ai.tool.name": "github.search" },
  },
  {
    type: "tool_invocation",
    name: "a call that failed",
    dimensions: { tool_id: "github.search", status: "error", error_type: "timeout" },
    attributes: {
      "mcp.method.name": "tools/call",
      "gen_ai.tool.name": "github.search",
      "error.type": "timeout",
    },
  },
  {
    type: "resource_read",
    name: "a reading that failed",
    dimensions: { resource_uri: "file:///a", status: "error" },
    attributes: { "mcp.method.name": "resources/read", "error.type": "_OTHER" },
  },
];

for (const { type, name, dimensions, attributes } of COMPOSER) {
  test(`what a composer asks of servers is the client's operation: ${type}, ${name}`, async () => {
    const telemetry = open({ naming: "both" });
    telemetry.recorder.record("composer", [measure({ type, dimensions, durationMs: 1 })]);
    const samples = await telemetry.scrape();
    assert.equal(
      select(samples, `${CLIENT}_count`).map(({ labels }) => labels),
      [{ service: "composer", ...underscored(attributes) }],
    );
    assert.equal(select(samples, `${SERVER}_count`), []);
    await telemetry.shutdown();
  });
}

test("dimensions that come again are counted for the service and the error that they come with", async () => {
  const telemetry = open({ naming: "both" });
  const failure = measure({
    type: "tool_execution",
    dimensions: { ...CALL, success: false },
    durationMs: 1,
  });
  const failed = (code: number) => ({
    ...failure,
    metadataKeys: ["error_code"],
    metadataValues: [code],
  });
  telemetry.recorder.record("a", [failed(1), failed(2), failed(1)]);
  telemetry.recorder.record("b", [failed(2)]);
  const samples = await telemetry.scrape();
  const count = (service: string, code: string) =>
    only(samples, `${SERVER}_count`, { service, error_type: code });
  assert.equal([count("a", "1"), count("a", "2"), count("b", "2")], [2, 1, 1]);
  assert.is(select(samples, `${SERVER}_count`).length, 3);
  await telemetry.shutdown();
});

test("what the dimension instrument says was measured by the sender is the client's operation", async () => {
  const telemetry = open({ naming: "both" });
  const sides = ["mcp.client.operation.duration", "mcp.server.operation.duration", "mcp_other", undefined];
  for (const instrument of sides) {
    const dimensions = instrument === undefined ? CALL : { ...CALL, instrument };
    telemetry.recorder.record("s", [measure({ type: "tool_execution", dimensions, durationMs: 1 })]);
  }
  const samples = await telemetry.scrape();
  assert.is(only(samples, `${CLIENT}_count`), 1);
  assert.is(only(samples, `${SERVER}_count`), 3);
  await telemetry.shutdown();
});

test("what is no operation, or has no duration, is none", async () => {
  const telemetry = open({ naming: "both" });
  telemetry.recorder.record("s", [
    measure({ type: "tool_execution", dimensions: CALL }),
    measure({ type: "auth_request", durationMs: 1 }),
    measure({ type: "tool_discovery", durationMs: 1 }),
  ]);
  const samples = await telemetry.scrape();
  assert.equal([...select(samples, `${SERVER}_count`), ...select(samples, `${CLIENT}_count`)], []);
  await telemetry.shutdown();
});

const FLOOD = 20_000;

test("a flood of values stays bounded, is counted, and loses nothing of the total", async () => {
  const telemetry = open({ naming: "both", labelValuesMax: 10, seriesMax: 500 });
  for (let index = 0; index < FLOOD; index++) {
    const dimensions = { method: `m${index}`, tool_name: `t${index}`, success: index % 2 === 0 };
    const metadata = { error_code: `e${index}` };
    const metric = measure({ type: "tool_execution", dimensions, metadata, durationMs: 1 });
    telemetry.recorder.record(`s${index}`, [metric]);
  }
  const samples = await telemetry.scrape();
  const series = select(samples, `${SERVER}_count`);
  assert.ok(series.length <= 100 + 2, `${series.length} series; four times as many are the catalogue's`);
  for (const ofService of Map.groupBy(series, ({ labels }) => labels.service).values()) {
    for (const label of ["mcp_method_name", "gen_ai_tool_name", "error_type"]) {
      const values = new Set(ofService.map(({ labels }) => labels[label]));
      values.delete(undefined);
      assert.ok(values.size <= 11, `${label} has ${values.size} values`);
    }
  }
  for (const label of ["mcp.method.name", "gen_ai.tool.name", "error.type"]) {
    const folds = sum(samples, "metrics_label_overflow_total", { label });
    assert.ok(folds > FLOOD / 2 - 100, `${folds} folds of ${label}`);
  }
  assert.is(sum(samples, `${SERVER}_count`), FLOOD);
  assert.is(
    sum(series, `${SERVER}_count`, { error_type: "_OTHER" }),
    FLOOD / 2 - 15,
    "failures stay failures",
  );
  await telemetry.shutdown();
});

test("a full table keeps its totals, with what failed apart from what went well", async () => {
  // Every combination takes one for the operation and four for the catalogue's instruments.
  // One service takes three quarters of so few, which leaves room for two combinations.
  const telemetry = open({ naming: "both", seriesMax: 14 });
  for (let round = 0; round < 3; round++) {
    for (const tool_name of ["a", "b", "c"]) {
      for (const success of [true, false]) {
        const dimensions = { ...CALL, tool_name, success };
        telemetry.recorder.record({ service: "s", instanceId: "", owner: "s" }, [
          measure({ type: "tool_execution", dimensions, durationMs: 1 }),
        ]);
      }
    }
  }
  const counts = select(await telemetry.scrape(), `${SERVER}_count`);
  const other = { service: "s", mcp_method_name: "_other", gen_ai_tool_name: "_other" };
  const called = { service: "s", mcp_method_name: "tools/call", gen_ai_tool_name: "a" };
  assert.equal(
    counts.map(({ labels, value }) => ({ labels, value })),
    [
      { labels: called, value: 3 },
      { labels: { ...called, error_type: "_OTHER" }, value: 3 },
      { labels: other, value: 6 },
      { labels: { ...other, error_type: "_OTHER" }, value: 6 },
    ],
  );
  await telemetry.shutdown();
});

test.run();

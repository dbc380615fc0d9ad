import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Attributes } from "../../src/otlp/data-point.ts";
import { mapAttributes } from "../../src/otlp/map-attributes.ts";
import { INSTRUMENTS, type InstrumentMapping } from "../../src/otlp/mapping.ts";

const CUSTOM: InstrumentMapping = { type: "custom", value: "amount", attributes: [] };
const OPERATION = INSTRUMENTS.histogram.get("mcp.server.operation.duration") as InstrumentMapping;
const OWN = INSTRUMENTS.sum.get("mcp_tool_executions_total") as InstrumentMapping;

function map(attributes: Attributes | Readonly<Record<string, unknown>>, mapping = CUSTOM, name = "m") {
  const leftOut: string[] = [];
  const found = mapAttributes(
    name,
    attributes instanceof Map ? attributes : new Map(Object.entries(attributes)),
    mapping,
    (field, reason) => void leftOut.push(`${field} ${reason}`),
  );
  return { ...found, leftOut };
}

const long = (length: number) => "x".repeat(length);

const NAMES: readonly {
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly mapping?: InstrumentMapping;
  readonly dimensions: Readonly<Record<string, unknown>>;
}[] = [
  {
    name: "different values under one name",
    attributes: { "k8s.pod.name": "b", k8s_pod_name: "a" },
    dimensions: { k8s_pod_name: "b;a" },
  },
  {
    name: "… sent in the other order",
    attributes: { k8s_pod_name: "a", "k8s.pod.name": "b" },
    dimensions: { k8s_pod_name: "b;a" },
  },
  {
    name: "equal values under one name",
    attributes: { "k8s.pod.name": "a", k8s_pod_name: "a", "k8s-pod-name": "a" },
    dimensions: { k8s_pod_name: "a" },
  },
  {
    name: "equal values of other types",
    attributes: { "a.b": 1, a_b: "1", "a-b": true },
    dimensions: { a_b: "true;1" },
  },
  { name: "keys of other scripts", attributes: { 東京: "x", 大阪: "y" }, dimensions: { __: "y;x" } },
  { name: "a character beyond 16 bits", attributes: { "😀": 1 }, dimensions: { _: 1 } },
  {
    name: "a digit first, and no key at all",
    attributes: { "2xx": 1, "": 2 },
    dimensions: { _: 2, _2xx: 1 },
  },
  {
    name: "names of objects",
    attributes: JSON.parse('{"__proto__": 1, "constructor": 2}'),
    dimensions: JSON.parse('{"__proto__": 1, "constructor": 2}'),
  },
  {
    name: "the name of the instrument",
    attributes: { metric_name: "x" },
    dimensions: { attr_metric_name: "x" },
  },
  { name: "… said again", attributes: { metric_name: "m" }, dimensions: {} },
  {
    name: "a reserved name twice",
    attributes: { "metric.name": "x", metric_name: "y", attr_metric_name: "z" },
    dimensions: { attr_metric_name: "z;x;y" },
  },
  {
    name: "what an operation says itself",
    mapping: OPERATION,
    attributes: { "mcp.method.name": "ping", method: "GET", success: "maybe", instrument: "guitar" },
    dimensions: {
      method: "ping",
      success: true,
      attr_method: "GET",
      attr_success: "maybe",
      attr_instrument: "guitar",
    },
  },
  {
    name: "what an operation does not say",
    mapping: OPERATION,
    attributes: { method: "ping", tool_name: "search", "error.type": "timeout" },
    dimensions: { method: "ping", tool_name: "search", success: false },
  },
  {
    name: "the labels of a gateway's own instrument",
    mapping: OWN,
    attributes: { method: "ping", success: false },
    dimensions: { method: "ping", success: false },
  },
];

for (const { name, attributes, mapping = CUSTOM, dimensions } of NAMES) {
  test(`${name} become ${JSON.stringify(dimensions)}`, () => {
    const found = map(attributes, mapping);
    const named = mapping === CUSTOM ? { metric_name: "m" } : { instrument: "m" };
    assert.equal(found.dimensions, { ...named, ...dimensions });
    assert.equal(found.leftOut, []);
  });
}

const VALUES: readonly [string, unknown, unknown, ...string[]][] = [
  ["text of 200 characters", long(200), long(200)],
  ["longer text", long(201), long(200), "attributes value_too_long"],
  ["text of 200 characters beyond 16 bits", "😀".repeat(200), "😀".repeat(200)],
  ["longer text of them", "😀".repeat(100_000), "😀".repeat(200), "attributes value_too_long"],
  ["a list", ["a", 1], '["a",1]'],
  [
    "a long list",
    new Array(200).fill("a"),
    `["a"${',"a"'.repeat(50)}`.slice(0, 200),
    "attributes value_too_long",
  ],
  ["bytes", { bytes: "AAEC" }, '{"bytes":"AAEC"}'],
  ["NaN", Number.NaN, "NaN"],
  ["infinity", Number.NEGATIVE_INFINITY, "-Infinity"],
  ["nothing", null, null],
  ["empty text", "", ""],
  ["a number", 1.5, 1.5],
];

for (const [name, value, wanted, ...leftOut] of VALUES) {
  test(`${name} is kept as a dimension may be`, () => {
    const found = map({ k: value });
    assert.equal([found.dimensions.k, found.leftOut], [wanted, leftOut]);
  });
}

test("a long name of an instrument and long keys are cut, and those that become one are joined", () => {
  const found = map(
    { [`${long(60)}1`]: "a", [`${long(60)}2`]: "b", [long(100_000)]: "c" },
    CUSTOM,
    long(300),
  );
  assert.equal(found.dimensions, { metric_name: long(200), [long(50)]: "a;b;c" });
  assert.equal(found.leftOut, [...new Array(3).fill("attributes key_too_long"), "attributes value_too_long"]);
});

const many = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`a${String(index).padStart(3, "0")}`, index]),
  );

test("beyond 20 dimensions attributes are metadata, and beyond 30 of those nothing", () => {
  for (const [count, dimensions, metadata, leftOut] of [
    [19, 20, 0, []],
    [20, 20, 1, ["attributes too_many"]],
    [30, 20, 11, ["attributes too_many"]],
    [200, 20, 30, ["attributes too_many"]],
  ] as const) {
    const found = map(many(count));
    assert.is(Object.keys(found.dimensions).length, dimensions);
    assert.is(Object.keys(found.metadata ?? {}).length, metadata);
    assert.equal(found.leftOut, leftOut);
  }
});

test("the dimensions that a type knows come before any others", () => {
  const found = map({ ...many(40), success: "true", tool_name: "search", server_name: "s" }, OWN);
  assert.equal(
    [found.dimensions.success, found.dimensions.tool_name, found.dimensions.server_name],
    ["true", "search", "s"],
  );
});

test("an error's name has room beside the attributes, and is cut as metadata is", () => {
  const found = map({ ...many(60), "error.type": long(2000) }, OPERATION);
  assert.is(found.metadata?.error_code, long(1000));
  assert.is(Object.keys(found.metadata ?? {}).length, 30);
  assert.equal(found.leftOut, ["attributes too_many", "attributes value_too_long"]);
});

test.run();

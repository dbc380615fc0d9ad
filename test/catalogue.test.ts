import { test } from "uvu";
import * as assert from "uvu/assert";
import { findMetricType, METRIC_TYPES } from "../src/catalogue/catalogue.ts";

/** What dashboards and alerts of the predecessor query: type, name, kind, unit, reading, labels. */
const AUTH = "success method server";
const TOOL = "success method tool_name server_name client_name";
const HEALTH = "endpoint status_code healthy";
const REGISTRY = "operation resource_type success";
const EMBEDDING = "metadata embedding_time_ms × 0.001";
const SEARCH = "metadata faiss_search_time_ms vector_search_time_ms × 0.001";

const INSTRUMENTS: readonly (readonly string[])[] = [
  ["auth_request", "mcp_auth_requests_total", "counter", "1", "value", AUTH],
  ["auth_request", "mcp_auth_request_duration_seconds", "histogram", "s", "duration_ms", AUTH],
  ["tool_execution", "mcp_tool_executions_total", "counter", "1", "value", TOOL],
  ["tool_execution", "mcp_tool_execution_duration_seconds", "histogram", "s", "duration_ms", TOOL],
  ["tool_execution", "mcp_tool_input_bytes", "histogram", "By", "metadata input_size_bytes × 1", TOOL],
  ["tool_execution", "mcp_tool_output_bytes", "histogram", "By", "metadata output_size_bytes × 1", TOOL],
  ["tool_discovery", "mcp_tool_discovery_total", "counter", "1", "value", ""],
  ["tool_discovery", "mcp_tool_discovery_duration_seconds", "histogram", "s", "duration_ms", ""],
  ["tool_discovery", "mcp_tool_discovery_embedding_seconds", "histogram", "s", EMBEDDING, ""],
  ["tool_discovery", "mcp_tool_discovery_search_seconds", "histogram", "s", SEARCH, ""],
  ["protocol_latency", "mcp_protocol_latency_seconds", "histogram", "s", "value", "flow_step server_name"],
  ["health_check", "mcp_health_checks_total", "counter", "1", "value", HEALTH],
  ["health_check", "mcp_health_check_duration_seconds", "histogram", "s", "duration_ms", HEALTH],
  ["registry_operation", "mcp_registry_operations_total", "counter", "1", "value", REGISTRY],
  [
    "registry_operation",
    "mcp_registry_operation_duration_seconds",
    "histogram",
    "s",
    "duration_ms",
    REGISTRY,
  ],
  ["custom", "mcp_custom_metric", "gauge", "1", "value", "metric_name"],
  ["custom", "mcp_custom_metrics_total", "counter", "1", "value", "metric_name"],
];

const describedTypes = new Set(INSTRUMENTS.map(([type]) => type));

test("the instruments of the predecessor's types are exactly these", () => {
  const actual = METRIC_TYPES.filter(({ name }) => describedTypes.has(name)).flatMap(
    ({ name: type, instruments }) =>
      instruments.map(({ name, kind, unit, records, labels }) => {
        const reading =
          records.from === "metadata"
            ? `metadata ${records.keys.join(" ")} × ${records.scale}`
            : records.from;
        return [type, name, kind, unit, reading, labels.join(" ")];
      }),
  );
  assert.equal(actual, INSTRUMENTS);
});

test("a type is found by its name and by no other", () => {
  for (const type of METRIC_TYPES) assert.is(findMetricType(type.name), type);
  for (const name of ["", "AUTH_REQUEST", "auth_request ", "__proto__", "constructor", "toString"])
    assert.is(findMetricType(name), undefined);
});

test("no two types, and no two instruments, share a name", () => {
  const types = METRIC_TYPES.map(({ name }) => name);
  const instruments = METRIC_TYPES.flatMap((type) => type.instruments.map(({ name }) => name));
  for (const names of [types, instruments]) assert.equal([...new Set(names)], names);
});

/** These would make a series of their own for nearly every metric. */
const NEVER_LABELS = [
  "user_hash",
  "user_id",
  "session_key",
  "query",
  "request_id",
  "resource_id",
  "error_message",
];

for (const type of METRIC_TYPES) {
  test(`${type.name}: names are well-formed, and every label is a dimension that is stored once`, () => {
    assert.match(type.name, /^[a-z][a-z_]*$/);
    assert.match(type.description, /^[A-Z]/);
    for (const dimension of type.dimensions) assert.match(dimension, /^[A-Za-z_][A-Za-z0-9_]{0,49}$/);
    assert.equal([...new Set(type.dimensions)], type.dimensions);
    for (const { name, description, labels } of type.instruments) {
      assert.match(name, /^mcp_[a-z_]+$/);
      assert.match(description, /^[A-Z].*[^.]$/);
      assert.equal([...new Set(labels)], labels);
      for (const label of labels) {
        assert.ok(type.dimensions.includes(label), `${name}: ${label}`);
        const isNamed = NEVER_LABELS.includes(label) && !type.pseudonyms?.includes(label);
        assert.not.ok(isNamed, `${label} would be shown as it came`);
        assert.not.ok(["service", "metric_type", "instance_id", "le", "quantile"].includes(label), label);
      }
    }
  });
}

for (const { name, kind, unit, records } of METRIC_TYPES.flatMap(({ instruments }) => instruments)) {
  test(`${name}: the end of its name says its unit, as Prometheus asks`, () => {
    if (unit === "s" && kind === "histogram") assert.match(name, /_seconds$/);
    if (unit === "By") assert.match(name, /_bytes$/);
    if (kind === "counter") assert.match(name, /_total$/);
    if (records.from === "duration_ms") assert.is(unit, "s");
    if (records.from === "metadata")
      for (const key of records.keys) assert.is(records.scale, key.endsWith("_ms") ? 0.001 : 1);
  });
}

for (const type of METRIC_TYPES) {
  test(`${type.name}: everything the entry says of dimensions is of its own`, () => {
    const { choices = {}, pseudonyms = [], commonNames, outcomes, instruments, rollups } = type;
    const conditions = instruments.flatMap(({ when = [] }) => when.map(({ dimension }) => dimension));
    const named = [...Object.keys(choices), ...pseudonyms, ...Object.values(commonNames), ...conditions];
    for (const name of [...named, ...rollups.flat()]) assert.ok(type.dimensions.includes(name), name);
    for (const name of pseudonyms) assert.not.ok(rollups.flat().includes(name), "people do not last years");
    if (outcomes !== undefined) assert.ok(commonNames.success, "outcomes are of a dimension");
    const status = choices[commonNames.success ?? ""] ?? [];
    const known = [...(outcomes?.success ?? []), ...(outcomes?.failure ?? [])];
    for (const value of status) assert.ok(known.includes(value), `${value} is neither success nor failure`);
  });
}

test.run();

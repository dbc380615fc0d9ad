import { test } from "uvu";
import * as assert from "uvu/assert";
import { METRIC_TYPES } from "../../src/catalogue/catalogue.ts";
import { createDimensionSets } from "../../src/ingest/dimension-sets.ts";
import { createValidate } from "../../src/ingest/validate.ts";
import { describeRejection } from "../../src/ingest/validate-fields.ts";

const validate = createValidate({
  dimensionSets: createDimensionSets(),
  pseudonymise: (name) => `hash of ${name.length}`,
  wallMs: () => 0,
  metricsMax: 100,
});

function validateAll(...metrics: readonly object[]) {
  const absent = { version: undefined, instance_id: undefined, idempotency_key: undefined };
  // A good one in front, so that the others are validated by themselves.
  return validate({ ...absent, service: "s", metrics: [{ type: "custom", value: 1 }, ...metrics] });
}

const SAID = [
  { state: "runing", message: 'state "runing" must be one of total, running, stopped, failed' },
  { state: "", message: "state is required: one of total, running, stopped, failed" },
  { state: null, message: "state is required: one of total, running, stopped, failed" },
  { state: 1, message: "state 1 must be one of total, running, stopped, failed" },
];

for (const { state, message } of SAID) {
  test(`a metric whose meaning is not one of the choices is rejected alone: ${JSON.stringify(state)}`, () => {
    const { rejections, measurements } = validateAll({
      type: "server_count",
      value: 1,
      dimensions: { state },
    });
    assert.equal(rejections.map(describeRejection), [`metrics[1].dimensions.state: ${message}`]);
    assert.is(measurements.length, 1);
  });
}

test("every choice of every type is accepted, and leaving one out is not", () => {
  for (const { name: type, choices = {} } of METRIC_TYPES) {
    for (const [dimension, values] of Object.entries(choices)) {
      const good = values.map((value) => ({ type, value: 1, dimensions: { [dimension]: value } }));
      assert.is(validateAll(...good).measurements.length, 1 + values.length);
      assert.equal(
        validateAll({ type, value: 1 }).rejections.map(({ field, reason }) => [field, reason]),
        [[`dimensions.${dimension}`, "required"]],
      );
    }
  }
});

const NEVER_NEGATIVE = [
  "composer_uptime",
  "server_count",
  "capability_count",
  "tool_conflicts",
  "process_usage",
];

test("numbers of things and times below 0 are refused, of every type that is one, and of no other", () => {
  for (const { name: type, choices = {} } of METRIC_TYPES) {
    const dimensions = Object.fromEntries(Object.entries(choices).map(([name, [first]]) => [name, first]));
    const sent = [-1, -1e-9, "-3", -0, 0].map((value) => ({ type, value, dimensions }));
    const refused = [-1, -1e-9, -3].map(
      (value, index) =>
        `metrics[${index + 1}].value: value ${value} is out of range: ${type} cannot be negative`,
    );
    const expected = NEVER_NEGATIVE.includes(type) ? refused : [];
    const { rejections, measurements } = validateAll(...sent);
    assert.equal(rejections.map(describeRejection), expected);
    assert.is(measurements.length, 6 - expected.length, type);
  }
});

test("a reason may be anything: it decides nothing", () => {
  const dimensions = { server_id: "a", reason: "oom_killed" };
  assert.is(validateAll({ type: "server_restart", value: 1, dimensions }).rejected, 0);
});

test("a user's id is replaced before anything is kept, and an absent one stays absent", () => {
  const sent = [{ user_id: "alice" }, { user_id: 12345 }, { user_id: "" }, {}];
  const metrics = sent.map((dimensions) => ({ type: "rate_limit_exceeded", value: 1, dimensions }));
  const kept = validateAll(...metrics).measurements.slice(1);
  assert.equal(
    kept.map(({ dimensions }) => dimensions.json),
    ['{"user_id":"hash of 5"}', '{"user_id":"hash of 5"}', '{"user_id":""}', "{}"],
  );
  assert.equal(kept[0]?.dimensions.values, [undefined, "hash of 5"]);
});

test.run();

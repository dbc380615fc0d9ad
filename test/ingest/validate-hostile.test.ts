import { test } from "uvu";
import * as assert from "uvu/assert";
import { ServiceError } from "../../src/errors.ts";
import { createDimensionSets } from "../../src/ingest/dimension-sets.ts";
import { createValidate } from "../../src/ingest/validate.ts";
import { cpuMsSince } from "../support/cpu-time.ts";

const validate = createValidate({
  dimensionSets: createDimensionSets(),
  pseudonymise: (name) => name,
  wallMs: () => 0,
  metricsMax: 100,
});

/** Validate one metric that came in as JSON, beside a good one; its rejections and the processor time that took. */
function validateJson(metricJson: string) {
  const metrics = [JSON.parse(metricJson), { type: "custom", value: 1 }];
  const submitted = { version: undefined, instance_id: undefined, idempotency_key: undefined };
  const before = process.cpuUsage();
  const validated = validate({ service: "auth", ...submitted, metrics });
  return { ...validated, ms: cpuMsSince(before) };
}

const metric = (fields: string) => `{"type":"auth_request","value":1,${fields}}`;
const keys = (count: number) => Array.from({ length: count }, (_, at) => `"k${at}":1`).join();
const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
const DIGITS = "1".repeat(1e6);

/** What a client can do to keep the event loop busy or to make an answer large. */
const HOSTILE: readonly { readonly name: string; readonly json: string }[] = [
  { name: "100 000 dimensions", json: metric(`"dimensions":{${keys(1e5)}}`) },
  { name: "100 000 metadata fields", json: metric(`"metadata":{${keys(1e5)}}`) },
  { name: "100 000 unknown fields and a bad value", json: `{"type":"custom","value":"x",${keys(1e5)}}` },
  { name: "a megabyte of digits", json: metric(`"value":"${DIGITS}x"`) },
  { name: "a megabyte of digits after the point", json: metric(`"value":"1.${DIGITS}x"`) },
  { name: "a megabyte of digits in the exponent", json: metric(`"value":"1e${DIGITS}x"`) },
  { name: "a megabyte of digits as a duration", json: metric(`"duration_ms":"${DIGITS}x"`) },
  { name: "a megabyte of a type", json: `{"type":"${DIGITS}","value":1}` },
  { name: "a megabyte of a dimension key", json: metric(`"dimensions":{"${DIGITS}":1}`) },
  { name: "a megabyte of a dimension value", json: metric(`"dimensions":{"a":"${DIGITS}"}`) },
  { name: "a megabyte of a metadata key", json: metric(`"metadata":{"${DIGITS}":1}`) },
  { name: "a megabyte of a metadata value", json: metric(`"metadata":{"a":"${DIGITS}"}`) },
  { name: "20 000 levels of metadata", json: metric(`"metadata":{"a":${nested(20_000)}}`) },
  { name: "20 000 levels of a dimension", json: metric(`"dimensions":{"a":${nested(20_000)}}`) },
  { name: "20 000 levels of a value", json: metric(`"value":${nested(20_000)}`) },
  { name: "20 000 levels of a type", json: `{"type":${nested(20_000)},"value":1}` },
  { name: "20 000 levels of a timestamp", json: metric(`"timestamp":${nested(20_000)}`) },
  { name: "20 000 levels instead of a metric", json: nested(20_000) },
];

for (const { name, json } of HOSTILE) {
  test(`${name}: rejected quickly, in few words, and the neighbour is kept`, () => {
    const { ms, rejections, measurements } = validateJson(json);
    assert.equal([rejections.length, measurements.length], [1, 1]);
    assert.ok(ms < 2000, `${ms} ms`);
    const [{ field, message } = { field: "", message: "" }] = rejections;
    assert.ok(field.length < 120 && message.length < 300, `${field.length} + ${message.length}`);
  });
}

test("__proto__ is a key like any other and changes no object", () => {
  const { measurements } = validateJson(
    metric('"dimensions":{"__proto__":"d","success":true},"metadata":{"__proto__":{"polluted":1}}'),
  );
  const [first] = measurements;
  assert.equal([first?.otherKeys, first?.otherValues], [["__proto__"], ["d"]]);
  assert.equal(first?.metadataKeys, ["__proto__"]);
  assert.is(JSON.stringify(first?.metadataValues), '[{"polluted":1}]');
  assert.is(({} as { polluted?: unknown }).polluted, undefined);
});

test("what a __proto__ holds is not taken for a field", () => {
  const { rejections } = validateJson(
    '{"__proto__":{"type":"custom","value":1,"dimensions":{"success":true}}}',
  );
  assert.equal(
    rejections.map(({ field, reason }) => `${field} ${reason}`),
    ["type required", "value required"],
  );
});

test("names that every object has are no dimensions until they are sent", () => {
  const { measurements } = validateJson(
    metric('"dimensions":{"constructor":"c","toString":"t","hasOwnProperty":1}'),
  );
  assert.equal(measurements[0]?.otherKeys, ["constructor", "toString", "hasOwnProperty"]);
  assert.is(measurements[0]?.dimensions.json, "{}");
});

test("a time that is out of range rejects its metric, as a protobuf timestamp can be", () => {
  const submitted = { service: "auth", version: null, instance_id: null, idempotency_key: null };
  for (const timestamp of [new Date(Number.NaN), new Date(8.64e15), new Date(-8.64e15)]) {
    const metrics = [{ type: "custom", value: 1, timestamp }];
    assert.throws(
      () => validate({ ...submitted, metrics }),
      (error: unknown) => error instanceof ServiceError,
    );
  }
});

test.run();

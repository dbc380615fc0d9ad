/** What only one protocol can say: the spellings that older REST clients use, and odd protobuf messages. */
import { create, toBinary } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { MetricSchema } from "../../gen/mcp/metrics/v1/metric_pb.js";
import { MetricsService, SubmitRequestSchema } from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { systemClock } from "../../src/lib/clock.ts";
import { openRestDoors, openRpcDoors } from "../support/doors.ts";
import { readRestAnswer } from "../support/outcomes.ts";
import { startTestService, WRITER_KEY } from "../support/service.ts";
import { openRows } from "../support/sql.ts";
import { NOW_MS } from "../support/time.ts";

const service = await startTestService({}, { ...systemClock, wallMs: () => NOW_MS });
const restDoors = openRestDoors(service.url);
const rpcDoors = openRpcDoors(service.url);
const rows = openRows(service.databasePath);
const headers = { "x-api-key": WRITER_KEY };
const restHeaders = { ...headers, "content-type": "application/json" };

test.after(async () => {
  for (const door of [...restDoors, ...rpcDoors]) door.close();
  rows.close();
  await service.close();
});

const NOON = new Date(NOW_MS).toISOString();
const NOON_S = NOW_MS / 1000;
const NEIGHBOUR = '{"type": "custom", "value": 42}';

interface Spelling {
  readonly metric: string;
  /** Columns of the stored row, or `field reason` of the refusal. */
  readonly becomes: Readonly<Record<string, unknown>> | string;
}

const custom = (members: string) => `{"type": "custom", "value": 1, ${members}}`;
const at = (timestamp: string) => custom(`"timestamp": ${timestamp}`);

const METRICS: readonly Spelling[] = [
  ...[
    `"2026-03-01T12:00:00Z"`,
    `"2026-03-01T12:00:00.000000+00:00"`,
    `"2026-03-01T12:00:00"`,
    `"2026-03-01T12:00:00.000000"`,
    `"2026-03-01 12:00:00"`,
    `"2026-03-01T07:00:00-05:00"`,
    `"2026-03-01T17:30:00+05:30"`,
    `"2026-03-01T12:00Z"`,
    `${NOON_S}`,
    `${NOON_S}.0`,
    `${NOW_MS}`,
    `${NOON_S * 10}e-1`,
    `"${NOON_S}"`,
    `"${NOON_S}.0"`,
    `"${NOW_MS}"`,
    "null",
  ].map((timestamp) => ({ metric: at(timestamp), becomes: { timestamp: NOON } })),
  { metric: at('"2026-03-01"'), becomes: { timestamp: "2026-03-01T00:00:00.000Z" } },
  { metric: at(`"${NOON_S}.25"`), becomes: { timestamp: new Date(NOW_MS + 250).toISOString() } },
  { metric: at('"-1"'), becomes: { timestamp: "1969-12-31T23:59:59.000Z" } },
  { metric: at(`${NOON_S}.25`), becomes: { timestamp: new Date(NOW_MS + 250).toISOString() } },
  { metric: at("0"), becomes: { timestamp: "1970-01-01T00:00:00.000Z" } },
  ...[
    `""`,
    `"yesterday"`,
    `"2026-02-30T00:00:00Z"`,
    `"2026-02-30"`,
    `"2026-03"`,
    `"1e300"`,
    `"177236640٠"`,
    "true",
    "NaN",
    "Infinity",
    "{}",
    "[]",
    "1e300",
    "-1e14",
  ].map((timestamp) => ({ metric: at(timestamp), becomes: "timestamp invalid" })),
  { metric: at(`${NOW_MS + 300_001}`), becomes: "timestamp too_far_in_the_future" },

  { metric: '{"type": "custom", "value": "1.5"}', becomes: { value: 1.5 } },
  { metric: '{"type": "custom", "value": "-2e3"}', becomes: { value: -2000 } },
  ...["", " 1", "0x10", "1_000", "Infinity", "NaN", "one"].map((value) => ({
    metric: `{"type": "custom", "value": ${JSON.stringify(value)}}`,
    becomes: "value not_numeric",
  })),
  { metric: '{"type": "custom", "value": true}', becomes: { value: 1 } },
  { metric: '{"type": "custom", "value": false}', becomes: { value: 0 } },
  ...["[1]", "{}", '"true"'].map((value) => ({
    metric: `{"type": "custom", "value": ${value}}`,
    becomes: "value not_numeric",
  })),
  { metric: '{"type": "custom", "value": null}', becomes: "value required" },
  { metric: '{"type": "custom", "value": 1e999}', becomes: "value infinite" },
  { metric: custom('"duration_ms": "12.5"'), becomes: { duration_ms: 12.5 } },
  { metric: custom('"duration_ms": true'), becomes: { duration_ms: 1 } },
  ...["NaN", "-NaN", "nan"].map((value) => ({
    metric: `{"type": "custom", "value": ${value}}`,
    becomes: "value nan",
  })),
  ...["Infinity", "-Infinity", "inf", "-inf"].map((value) => ({
    metric: `{"type": "custom", "value":${value}}`,
    becomes: "value infinite",
  })),
  { metric: custom('"duration_ms": NaN'), becomes: "duration_ms nan" },
  { metric: custom('"duration_ms": Infinity'), becomes: "duration_ms infinite" },
  { metric: custom('"dimensions": {"a": NaN}'), becomes: "dimensions.a invalid_value" },
  { metric: custom('"metadata": {"a": -Infinity}'), becomes: "metadata.a invalid_value" },
  {
    metric: custom('"metadata": {"a": ": NaN, [Infinity", "b\\": -inf": 1, "c": "\\\\"}'),
    becomes: { metadata: { a: ": NaN, [Infinity", 'b": -inf': 1, c: "\\" } },
  },
  { metric: "NaN", becomes: " not_an_object" },
  { metric: custom('"duration_ms": null'), becomes: { duration_ms: null } },

  { metric: custom('"dimensions": null, "metadata": null'), becomes: { dimensions: {}, metadata: {} } },
  { metric: custom('"dimensions": []'), becomes: "dimensions not_an_object" },
  { metric: custom('"dimensions": "a"'), becomes: "dimensions not_an_object" },
  { metric: custom('"metadata": 1'), becomes: "metadata not_an_object" },
  { metric: custom('"metadata": {"jsonrpc_id": 1e999}'), becomes: "metadata.jsonrpc_id invalid_value" },
  { metric: custom('"metadata": {"a": "\\u0000", "b": 12345678901234567890}'), becomes: { value: 1 } },
  {
    metric: custom('"dimensions": {"__proto__": "x", "a": 1}, "__proto__": {"value": 7}'),
    becomes: { value: 1 },
  },
  { metric: custom('"unknown": {"deep": [[[1]]]}'), becomes: { value: 1 } },
  { metric: '{"type": 1, "value": 1}', becomes: "type unknown_type" },
  { metric: '{"type": null, "value": 1}', becomes: "type required" },
  { metric: '{"type": "toString", "value": 1}', becomes: "type unknown_type" },
  { metric: '{"type": "__proto__", "value": 1}', becomes: "type unknown_type" },
  ...["null", "1", '"text"', "[]", "true"].map((metric) => ({ metric, becomes: " not_an_object" })),
];

for (const { metric, becomes } of METRICS) {
  const outcome = typeof becomes === "string" ? `refused: ${becomes.trim()}` : "stored";
  test(`in REST the metric ${metric} is ${outcome}`, async () => {
    for (const door of restDoors) {
      rows.skipOld();
      const body = `{"service": "test", "metrics": [${NEIGHBOUR}, ${metric}, ${NEIGHBOUR}]}`;
      const answer = readRestAnswer(await door.send("POST", "/metrics", restHeaders, body));
      assert.is(answer.failure, undefined, answer.message);
      const [first, second, third] = rows.readNew(answer.requestId).metrics ?? [];
      assert.is(first?.value, 42);
      if (typeof becomes === "string") {
        assert.is(answer.accepted, 2);
        assert.is(second?.value, 42);
        const [field, reason] = becomes.split(" ");
        const place = field === "" ? "metrics[1]" : `metrics[1].${field}`;
        assert.equal(
          answer.problems.map(({ field, reason }) => [field, reason]),
          [[place, reason]],
        );
        if (reason === "not_numeric") assert.match(answer.errors[0] ?? "", "must be numeric");
      } else {
        assert.is(answer.accepted, 3, answer.errors.join());
        assert.is(third?.value, 42);
        for (const [name, value] of Object.entries(becomes)) assert.equal(second?.[name], value, name);
      }
    }
  });
}

const ENVELOPES: readonly { readonly body: string; readonly is: string }[] = [
  { body: `{"service": "test", "version": null, "instance_id": null, "metrics": [${NEIGHBOUR}]}`, is: "200" },
  { body: `{"service": "test", "idempotency_key": null, "x": 1, "metrics": [${NEIGHBOUR}]}`, is: "200" },
  { body: `{"service": 1, "metrics": [${NEIGHBOUR}]}`, is: "422 service" },
  { body: `{"service": ["test"], "metrics": [${NEIGHBOUR}]}`, is: "422 service" },
  { body: `{"service": "test", "version": 1, "metrics": [${NEIGHBOUR}]}`, is: "422 version" },
  { body: `{"service": "test", "instance_id": {}, "metrics": [${NEIGHBOUR}]}`, is: "422 instance_id" },
  { body: `{"service": "test", "idempotency_key": 7, "metrics": [${NEIGHBOUR}]}`, is: "422 idempotency_key" },
  { body: `{"service": "test", "metrics": {"0": ${NEIGHBOUR}}}`, is: "422 metrics" },
  { body: `{"service": "test", "metrics": "all"}`, is: "422 metrics" },
  { body: `{}`, is: "422 service" },
  { body: "", is: "400" },
  { body: "null", is: "400" },
  { body: "[]", is: "400" },
  { body: "1", is: "400" },
  { body: '"text"', is: "400" },
  { body: "{", is: "400" },
  { body: '{"service": "test", "metrics": [{"type": "custom", "value": NaN}]}', is: "422 metrics[0].value" },
  { body: '{"service": "test", "metrics": [{"type": "custom", "value": NaNs}]}', is: "400" },
  { body: '{"service": "test", "metrics": [{"type": "custom", "value": 1NaN}]}', is: "400" },
  { body: '{"service": NaN, "metrics": []}', is: "422 service" },
  { body: "NaN", is: "400" },
  { body: '{"a": NaN, "b', is: "400" },
  { body: "{'service': 'test'}", is: "400" },
];

for (const { body, is } of ENVELOPES) {
  test(`the REST body ${body || "of no bytes"} is answered ${is}`, async () => {
    for (const door of restDoors) {
      const { status, text } = await door.send("POST", "/metrics", restHeaders, body);
      assert.is(status, Number(is.slice(0, 3)), text);
      const answer = JSON.parse(text);
      if (status === 400) assert.is(answer.error, "malformed_body");
      if (status === 422) assert.ok(answer.errors[0].startsWith(`${is.slice(4)}: `), text);
    }
  });
}

test("a slash at the end of a path is the same path", async () => {
  for (const door of restDoors) {
    const body = `{"service": "test", "metrics": [${NEIGHBOUR}]}`;
    const stored = await door.send("POST", "/metrics/", restHeaders, body);
    assert.equal([stored.status, JSON.parse(stored.text).accepted], [200, 1]);
    for (const [method, path] of [
      ["POST", "/flush/"],
      ["GET", "/rate-limit/"],
      ["GET", "/health/?x=1"],
      ["GET", "/api/v1/version/"],
    ] as const)
      assert.is((await door.send(method, path, headers)).status, 200, path);
    for (const path of ["//metrics", "/metrics//", "/metrics/x", "//"])
      assert.is((await door.send("POST", path, restHeaders, body)).status, 404, path);
  }
});

test("a protobuf timestamp outside the calendar rejects its metric and no other", async () => {
  const binary = rpcDoors.filter(({ protocol }) => protocol !== "Connect JSON");
  for (const seconds of [10n ** 13n, -(10n ** 13n), 253_402_300_800n, -62_135_596_801n, 2n ** 63n - 1n]) {
    for (const door of binary) {
      const metric = { type: "custom", value: 1 };
      const metrics = [metric, { ...metric, timestamp: { seconds, nanos: 0 } }, metric];
      const client = createClient(MetricsService, door.transport);
      const answer = await client.submit({ service: "test", metrics }, { headers });
      assert.is(answer.accepted, 2, `${door.name} ${seconds}`);
      assert.is(answer.rejections[0]?.field, "timestamp");
    }
  }
});

test("a protobuf Value without a kind is null, and fields that we do not know are ignored", async () => {
  const binary = rpcDoors.filter(({ protocol }) => protocol !== "Connect JSON");
  for (const door of binary) {
    rows.skipOld();
    const dimensions = { k: create(ValueSchema) };
    const $unknown = [{ no: 99, wireType: 2, data: new Uint8Array([3, 1, 2, 3]) }];
    const metric = create(MetricSchema, { type: "custom", value: 1, dimensions });
    metric.$unknown = $unknown;
    const request = create(SubmitRequestSchema, { service: "test", metrics: [metric] });
    request.$unknown = $unknown;
    assert.ok(toBinary(SubmitRequestSchema, request).length > 0);
    const answer = await createClient(MetricsService, door.transport).submit(request, { headers });
    assert.is(answer.accepted, 1, door.name);
    assert.equal(rows.readNew(answer.requestId).metrics?.[0]?.dimensions, { k: null });
  }
});

test.run();

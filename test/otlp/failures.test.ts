/** How OTLP is told of failures: a Status in the request's own form, or gRPC's own. */

import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { WRITER } from "../support/http.ts";
import { ADMIN_KEY, NEW_KEY, startTestService } from "../support/service.ts";
import { readRows } from "../support/sql.ts";
import {
  gauge,
  openOtlpDoors,
  post,
  requestOf,
  resourceMetrics,
  toOtlpJson,
  toProtobuf,
} from "./requests.ts";

const service = await startTestService({ MAX_DATA_POINTS_PER_REQUEST: "3", MAX_REQUEST_SIZE: "100KB" });
const doors = openOtlpDoors(service.url);
const request = requestOf("test", gauge("a", 1));
const PROTOBUF = { "content-type": "application/x-protobuf", ...WRITER };
const JSON_BODY = { "content-type": "application/json", ...WRITER };

test.after(() => service.close());

test("whatever rejects a request is said in its own form, with a code, a reason and no secret", async () => {
  const many = requestOf("test", ...Array.from({ length: 4 }, (_, index) => gauge(`m${index}`, 1)));
  const cases = [
    { request, headers: {}, status: 401, code: 16, reason: "api_key_missing" },
    { request, headers: { "x-api-key": "nobody's" }, status: 401, code: 16, reason: "api_key_invalid" },
    { request: many, headers: WRITER, status: 400, code: 3, reason: "validation_failed" },
  ];
  for (const { name, send } of doors) {
    for (const { request: asked, headers, ...wanted } of cases) {
      const { status, code, reason, retryAfterSeconds } = await send(asked, headers);
      assert.equal({ code, reason }, { code: wanted.code, reason: wanted.reason }, name);
      if (status !== undefined) assert.is(status, wanted.status, name);
      assert.is(retryAfterSeconds, undefined, `${name}: must not be tried again`);
    }
  }
});

const BODIES = [
  { name: "JSON that is none", body: "{", headers: JSON_BODY, status: 400, reason: "malformed_body" },
  {
    name: "JSON of another kind",
    body: '{"resourceMetrics":7}',
    headers: JSON_BODY,
    status: 400,
    reason: "malformed_body",
  },
  { name: "a list", body: "[]", headers: JSON_BODY, status: 400, reason: "malformed_body" },
  {
    name: "bytes that are no message",
    body: Buffer.from([0xff, 0xff]),
    headers: PROTOBUF,
    status: 400,
    reason: "malformed_body",
  },
  {
    name: "a body too large",
    body: Buffer.alloc(200_000),
    headers: PROTOBUF,
    status: 413,
    reason: "body_too_large",
  },
  {
    name: "one that grows too large",
    body: gzipSync(Buffer.alloc(200_000)),
    headers: { ...PROTOBUF, "content-encoding": "gzip" },
    status: 413,
    reason: "body_too_large",
  },
  {
    name: "no gzip",
    body: Buffer.from("no"),
    headers: { ...PROTOBUF, "content-encoding": "gzip" },
    status: 400,
    reason: "malformed_body",
  },
  {
    name: "another encoding",
    body: Buffer.from("no"),
    headers: { ...PROTOBUF, "content-encoding": "zstd" },
    status: 415,
    reason: "unsupported_encoding",
  },
  {
    name: "another type",
    body: "x",
    headers: { ...WRITER, "content-type": "text/plain" },
    status: 415,
    reason: "unsupported_media_type",
  },
];

for (const { name, body, headers, status, reason } of BODIES) {
  test(`${name} is rejected with ${status} and ${reason}`, async () => {
    const found = await post(service.url, body, headers);
    assert.equal([found.status, found.reason], [status, reason]);
  });
}

test("JSON that is no request is answered with the field, and no more of its value than fits a line", async () => {
  for (const asInt of ["1.5", "9".repeat(5000)]) {
    const metrics = [{ name: "a", gauge: { dataPoints: [{ asInt }] } }];
    const body = JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }], resource_metrics: 7 });
    const { status, message } = await post(service.url, body, JSON_BODY);
    assert.is(status, 400);
    assert.match(message, /NumberDataPoint\.as_int .*(1\.5|999…$)/);
    assert.ok(message.length < 400, `${message.length} characters`);
  }
});

test("a client that may send again later learns when, and no other", async () => {
  const { secret } = await service.service.keys.create({
    ...NEW_KEY,
    service: "slow",
    rateLimit: 1,
  });
  const limited = { "x-api-key": secret };
  await doors[0]?.send(request, limited);
  for (const { name, send } of doors) {
    const { status, code, reason, retryAfterSeconds = 0 } = await send(request, limited);
    assert.equal([code, reason], [8, "rate_limited"], name);
    if (status !== undefined) assert.is(status, 429, name);
    assert.ok(retryAfterSeconds >= 1 && retryAfterSeconds <= 60, name);
  }
});

test("storage that cannot keep up is said to be unavailable for now, and nothing is stored", async () => {
  const small = await startTestService({ MAX_QUEUED_METRICS: "2", MAX_METRICS_PER_REQUEST: "2" });
  const pair = requestOf("test", gauge("a", 1), gauge("b", 1));
  const answers = await Promise.all(
    openOtlpDoors(small.url).flatMap(({ send }) => [
      send(pair, WRITER),
      send(requestOf("test", gauge("c", 1), gauge("d", 1)), WRITER),
    ]),
  );
  const refused = answers.filter(({ code }) => code !== 0);
  for (const { code, reason, status, retryAfterSeconds } of refused) {
    assert.equal([code, reason, retryAfterSeconds], [14, "queue_full", 1]);
    if (status !== undefined) assert.is(status, 503);
  }
  assert.ok(refused.length > 0, "nothing was refused");
  await small.close();
});

test("a key bound to its service writes no other one: beside its own a foreign one is rejected alone", async () => {
  const strict = await startTestService({ METRICS_SERVICE_BINDING: "strict" });
  const [own, foreign] = ["test", "other"].map((name) =>
    resourceMetrics({ "service.name": name }, [gauge("a", 1)]),
  );
  assert.ok(own && foreign);
  for (const { name, send } of openOtlpDoors(strict.url)) {
    const all = await send({ resourceMetrics: [foreign] }, WRITER);
    assert.equal([all.code, all.reason], [7, "service_not_allowed"], name);
    const some = await send({ resourceMetrics: [foreign, own] }, WRITER);
    assert.equal([some.code, some.rejected], [0, 1], name);
    assert.match(some.message, /may not write metrics of service "other"/);
  }
  assert.equal(
    readRows(strict.databasePath, "SELECT DISTINCT service FROM metrics").map((row) => row.service),
    ["test"],
  );
  assert.is(
    (await openOtlpDoors(strict.url)[0]?.send({ resourceMetrics: [foreign] }, { "x-api-key": ADMIN_KEY }))
      ?.code,
    0,
  );
  await strict.close();
});

test("bytes and JSON of any kind get an answer that blames the sender, and the service goes on", async () => {
  const bytes = Buffer.from(toProtobuf(request));
  const json = toOtlpJson(request);
  const flips = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 });
  const statuses = new Set<number | undefined>();
  await fc.assert(
    fc.asyncProperty(flips, fc.nat(json.length), fc.string({ maxLength: 4 }), async (changes, at, text) => {
      const mutated = Buffer.from(bytes);
      for (const [index, byte] of changes) mutated[index] = byte;
      statuses.add((await post(service.url, mutated, PROTOBUF)).status);
      const spliced = json.slice(0, at) + text + json.slice(at + text.length);
      statuses.add((await post(service.url, spliced, JSON_BODY)).status);
    }),
    { numRuns: 200 },
  );
  assert.equal(
    [...statuses].filter((status) => status !== 200 && status !== 400),
    [],
  );
  assert.is((await post(service.url, bytes, PROTOBUF)).status, 200);
  assert.equal(service.fatal, []);
});

test("an attribute that is nested as deeply as can be costs itself alone", async () => {
  let value: object = { stringValue: "x" };
  for (let depth = 0; depth < 200; depth += 1) value = { arrayValue: { values: [value] } };
  const point = { attributes: [{ key: "a", value }], asDouble: 1, timeUnixNano: "1" };
  const metrics = [{ name: "m", gauge: { dataPoints: [point] } }];
  const body = JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
  const { status, rejected } = await post(service.url, body, JSON_BODY);
  assert.equal([status, rejected], [200, 0]);
});

test.run();

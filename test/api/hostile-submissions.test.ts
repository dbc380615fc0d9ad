import { create, toBinary } from "@bufbuild/protobuf";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SubmitRequestSchema } from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { cpuMsSince } from "../support/cpu-time.ts";
import { send } from "../support/http.ts";
import { startTestService, type TestService, WRITER_KEY } from "../support/service.ts";

let service: TestService;
test.before(async () => {
  service = await startTestService();
});
test.after(() => service.close());

const post = (path: string, contentType: string, body: string | Uint8Array<ArrayBuffer>) =>
  send("POST", service.url + path, { "x-api-key": WRITER_KEY, "content-type": contentType }, body);
const postJson = (body: string) => post("/metrics", "application/json", body);
const METRIC = { type: "custom", value: 1 };

test("protobuf timestamps that are no time reject their metric and no other", async () => {
  const times = [2n ** 62n, -(2n ** 62n), 253_402_300_800n, -62_135_596_801n];
  const bad = times.map((seconds) => ({ ...METRIC, timestamp: { seconds, nanos: 0 } }));
  const request = create(SubmitRequestSchema, { service: "test", metrics: [METRIC, ...bad] });
  const binary = post(
    "/mcp.metrics.v1.MetricsService/Submit",
    "application/proto",
    new Uint8Array(toBinary(SubmitRequestSchema, request)),
  );
  const neighbours = Array.from({ length: 8 }, () =>
    postJson(JSON.stringify({ service: "test", metrics: [METRIC] })),
  );
  assert.is((await binary).status, 200);
  for (const { status, text } of await Promise.all(neighbours)) assert.is(status, 200, text);
});

test("a value of a megabyte of digits does not hold up the service", async () => {
  const value = `${"1".repeat(1 << 20)}x`;
  const before = process.cpuUsage();
  const { status, text } = await postJson(
    JSON.stringify({ service: "test", metrics: [METRIC, { ...METRIC, value }] }),
  );
  assert.is(status, 200);
  assert.match(text, "must be numeric");
  const ms = cpuMsSince(before);
  assert.ok(ms < 5000, `${ms} ms`);
});

test("30 000 levels of nesting are rejected, with an idempotency key and without", async () => {
  const deep = "[".repeat(30_000) + "]".repeat(30_000);
  const metrics = `[{"type":"custom","value":1},{"type":"custom","value":${deep}}]`;
  for (const key of ["", '"idempotency_key":"k",']) {
    const { status } = await postJson(`{"service":"test",${key}"metrics":${metrics}}`);
    assert.ok(status === 200 || status === 400, `${status}`);
  }
});

test.run();

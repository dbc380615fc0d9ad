/** Through every door, whoever reads the log learns why metrics were refused. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { COLLECT, openDirectory } from "../directory/directory-service.ts";
import { gauge, openOtlpDoors, requestOf } from "../otlp/requests.ts";
import { openDoors } from "../support/doors.ts";
import { type RequestHeaders, send } from "../support/http.ts";
import { callRaw, envelope } from "../support/raw-rpc.ts";
import { NEW_KEY, type TestService } from "../support/service.ts";
import type { TestSubmission } from "../support/spellings.ts";
import { eventually } from "../support/wait.ts";
import { GOOD_METRIC } from "./door-case.ts";

const directory = await openDirectory({ METRICS_SERVICE_BINDING: "strict", MAX_REQUEST_SIZE: "100000" });
const { service } = directory;
const doors = openDoors(service.url);
let keys = 0;

test.after(async () => {
  for (const door of doors) door.close();
  await directory.close();
});

/** A key that has met no reason yet, and its service. */
async function freshKey(more: Partial<typeof NEW_KEY> = {}) {
  const own = `own-${++keys}`;
  const { secret, record } = await service.service.keys.create({ ...NEW_KEY, service: own, ...more });
  return { own, id: record.id, headers: { "x-api-key": secret } };
}

interface Line {
  readonly level?: unknown;
  readonly message?: unknown;
  readonly service?: unknown;
  readonly key_id?: unknown;
  readonly rejected?: unknown;
  readonly reasons?: readonly { readonly reason: string; readonly count: number }[];
}

const linesOf = ({ logs }: TestService, keyId: number | undefined): readonly Line[] =>
  logs.filter((line) => line.level === "WARN" && "reasons" in line && line.key_id === keyId);

/** The one line of a key: whose, and `reason count` of each. The log is written when the answer has left. */
async function saidOf(keyId: number | undefined) {
  await eventually(() => linesOf(service, keyId).length > 0);
  const [line, ...more] = linesOf(service, keyId);
  assert.equal(more, []);
  const reasons = (line?.reasons ?? []).map(({ reason, count }) => `${reason} ${count}`);
  return { service: line?.service, rejected: line?.rejected, reasons };
}

interface RejectedCase {
  readonly name: string;
  readonly send: (own: string) => TestSubmission;
  readonly key?: Partial<typeof NEW_KEY>;
  readonly isRevoked?: boolean;
  readonly reasons: readonly string[];
  readonly rejected?: number;
}

const BAD = { type: "custom", value: null };
const NO_TYPE = { type: "no_such_type", value: 1 };

const CASES: readonly RejectedCase[] = [
  {
    name: "some metrics",
    send: (own) => ({ service: own, metrics: [GOOD_METRIC, BAD, NO_TYPE, BAD] }),
    reasons: ["value.required 2", "type.unknown_type 1"],
    rejected: 3,
  },
  {
    name: "more metrics than are taken",
    send: (own) => ({ service: own, metrics: Array(150).fill(GOOD_METRIC) }),
    reasons: ["metric.too_many 1"],
    rejected: 50,
  },
  {
    name: "all metrics",
    send: (own) => ({ service: own, metrics: [BAD, NO_TYPE] }),
    reasons: ["value.required 1", "type.unknown_type 1"],
    rejected: 2,
  },
  {
    name: "the envelope",
    send: () => ({ service: "not a name", metrics: [] }),
    reasons: ["service.invalid_characters 1", "metrics.required 1"],
  },
  {
    name: "another service's name",
    send: () => ({ service: "another", metrics: [GOOD_METRIC] }),
    reasons: ["service_not_allowed 1"],
  },
  {
    name: "a reader's key",
    key: { role: "reader" },
    send: (own) => ({ service: own, metrics: [GOOD_METRIC] }),
    reasons: ["permission_denied 1"],
  },
  {
    name: "a key that was revoked",
    isRevoked: true,
    send: (own) => ({ service: own, metrics: [GOOD_METRIC] }),
    reasons: ["api_key_inactive 1"],
  },
  {
    name: "a body that is too large",
    send: (own) => ({ service: own, metrics: [{ ...GOOD_METRIC, metadata: { text: "x".repeat(100_000) } }] }),
    reasons: ["body_too_large 1"],
  },
  {
    name: "too many requests",
    key: { rateLimit: 1 },
    send: (own) => ({ service: own, metrics: [GOOD_METRIC] }),
    reasons: ["rate_limited 1"],
  },
];

for (const { name, send: submissionOf, key, isRevoked, reasons, rejected } of CASES) {
  test(`refused for ${name}: one line with the reasons, through every door`, async () => {
    for (const door of doors) {
      const { own, id, headers } = await freshKey(key);
      if (isRevoked) await service.service.keys.revoke(id);
      if (key?.rateLimit === 1) await door.submit(submissionOf(own), headers);
      for (let times = 0; times < 2; times += 1) await door.submit(submissionOf(own), headers);
      assert.equal(await saidOf(id), { service: own, rejected, reasons }, door.name);
    }
  });
}

test("a body that is none is said through every protocol", async () => {
  const rpc = "/mcp.metrics.v1.MetricsService/Submit";
  const otlp = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
  const broken = Buffer.from("\xff{", "latin1");
  const rest = (path: string, type: string) => (headers: RequestHeaders) =>
    send("POST", service.url + path, { "content-type": type, ...headers }, broken);
  const raw =
    (path: string, mediaType: Parameters<typeof callRaw>[1]["mediaType"]) => (headers: RequestHeaders) =>
      callRaw(service.url, {
        path,
        mediaType,
        headers: headers as Record<string, string>,
        body: mediaType.includes("grpc") ? envelope(broken) : broken,
      });
  const calls = {
    REST: rest("/metrics", "application/json"),
    "OTLP JSON": rest("/v1/metrics", "application/json"),
    "OTLP protobuf": rest("/v1/metrics", "application/x-protobuf"),
    "Connect JSON": raw(rpc, "application/json"),
    "Connect binary": raw(rpc, "application/proto"),
    gRPC: raw(rpc, "application/grpc"),
    "gRPC-Web": raw(rpc, "application/grpc-web+proto"),
    "OTLP gRPC": raw(otlp, "application/grpc"),
  };
  for (const [name, call] of Object.entries(calls)) {
    const { own, id, headers } = await freshKey();
    await call(headers);
    await call(headers);
    const said = await saidOf(id);
    assert.equal(said, { service: own, rejected: undefined, reasons: ["malformed_body 1"] }, name);
  }
});

test("points that OTLP refuses are said through every door", async () => {
  for (const door of openOtlpDoors(service.url)) {
    const { own, id, headers } = await freshKey();
    const request = requestOf(own, gauge("good", 1), gauge("bad", 1e300), gauge("bad", 1e300, { a: 1 }));
    for (let times = 0; times < 2; times += 1) await door.send(request, headers);
    assert.equal(
      await saidOf(id),
      { service: own, rejected: 2, reasons: ["value.out_of_range 2"] },
      door.name,
    );
  }
});

test("metrics of a directory's server are said", async () => {
  const { key } = await directory.register("srv");
  const metrics = [
    { name: "latency", type: "gauge", value: 1 },
    { name: "latency", type: "gauge" },
  ];
  const headers = { ...key, "content-type": "application/json" };
  const body = JSON.stringify({ server_id: "srv", metrics });
  for (let times = 0; times < 2; times += 1) await send("POST", service.url + COLLECT, headers, body);
  await eventually(() => service.logs.some((line) => line.service === "srv" && line.level === "WARN"));
  const lines = service.logs.filter((line) => line.service === "srv" && line.level === "WARN") as Line[];
  assert.is(lines.length, 1);
  assert.equal(
    lines[0]?.reasons?.map(({ reason, count }) => `${reason} ${count}`),
    ["value.required 1"],
  );
});

test("requests with a wrong key and without one are said once, with no service", async () => {
  for (const headers of [{}, { "x-api-key": "nobody-has-this-key-0001" }]) {
    for (const door of doors) await door.submit({ service: "test", metrics: [GOOD_METRIC] }, headers);
  }
  await eventually(() => linesOf(service, undefined).length > 1);
  assert.equal(
    linesOf(service, undefined).map(({ service: whose, reasons }) => [whose, reasons?.[0]?.reason]),
    [
      [undefined, "api_key_missing"],
      [undefined, "api_key_invalid"],
    ],
  );
});

test("a refused question is no refused metric", async () => {
  const { id, headers } = await freshKey();
  const answer = await send("GET", `${service.url}/api/export.csv?start=nonsense`, headers);
  assert.is(answer.status, 422);
  assert.equal(linesOf(service, id), []);
});

test.run();

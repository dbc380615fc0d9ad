/** A caller's deadline is cut to ours, whatever its unit, and never a reason to refuse a call. */
import type { ServerResponse } from "node:http";
import { createClient } from "@connectrpc/connect";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Health } from "../../../gen/grpc/health/v1/health_pb.js";
import { MetricsService } from "../../../gen/mcp/metrics/v1/metrics_service_pb.js";
import type { Exchange } from "../../../src/transport/http/exchange.ts";
import { createRpcHandlers, handleRpc } from "../../../src/transport/rpc/rpc-handler.ts";
import { openRpcDoors } from "../../support/doors.ts";
import { goodBody, SUBMIT, UNARY } from "../../support/failing-service.ts";
import { WRITER } from "../../support/http.ts";
import { callRaw, envelope, listenH2c } from "../../support/raw-rpc.ts";
import { startTestService, WRITER_KEY } from "../../support/service.ts";

const MINUTE = 60_000;
const TIMER_MAX = 2 ** 31 - 1;

/** `grpc-timeout`, and the ms that a unary call and a stream are given. */
const GRPC = [
  { sent: "10000S", unary: MINUTE, stream: 10_000_000 },
  { sent: "120S", unary: MINUTE, stream: 120_000 },
  { sent: "61S", unary: MINUTE, stream: 61_000 },
  { sent: "60S", unary: MINUTE, stream: MINUTE },
  { sent: "59S", unary: 59_000, stream: 59_000 },
  { sent: "2M", unary: MINUTE, stream: 120_000 },
  { sent: "1H", unary: MINUTE, stream: 3_600_000 },
  { sent: "99999999H", unary: MINUTE, stream: TIMER_MAX },
  { sent: "99999999m", unary: MINUTE, stream: 99_999_999 },
  { sent: "60001m", unary: MINUTE, stream: 60_001 },
  { sent: "60000001u", unary: MINUTE, stream: 60_000 },
  { sent: "100000000S", unary: MINUTE, stream: TIMER_MAX },
  { sent: undefined, unary: undefined, stream: undefined },
];

/** `connect-timeout-ms`. */
const CONNECT = [
  { sent: "120000", unary: MINUTE, stream: 120_000 },
  { sent: "60001", unary: MINUTE, stream: 60_001 },
  { sent: "60000", unary: MINUTE, stream: MINUTE },
  { sent: "59999", unary: 59_999, stream: 59_999 },
  { sent: "9999999999", unary: MINUTE, stream: TIMER_MAX },
  { sent: "99999999999999999999", unary: MINUTE, stream: TIMER_MAX },
  { sent: undefined, unary: undefined, stream: undefined },
];

/** What the implementation of a call was given, in ms. */
let given: number | undefined;
const server = await listenH2c(async (request, response) => {
  const handler = handlers.get(request.url);
  if (handler !== undefined)
    await handleRpc(handler, { request, response: response as unknown as ServerResponse } as Exchange);
});
const handlers = createRpcHandlers({
  routes: [
    (router) =>
      router.service(MetricsService, {
        submit(_request, context) {
          given = context.timeoutMs();
          return {};
        },
      }),
    (router) =>
      router.service(Health, {
        async *watch(_request, context) {
          given = context.timeoutMs();
          yield {};
        },
      }),
  ],
  ruleOf: () => "open",
  authenticate: () => undefined,
  bodyBytesMax: 1000,
});
const service = await startTestService();
const doors = openRpcDoors(service.url);

test.after(async () => {
  for (const door of doors) door.close();
  await service.close();
  await server.close();
});

/** Time passes between the headers and the question. */
function assertMs(actual: number | undefined, expected: number | undefined, name: string): void {
  if (expected === undefined) assert.is(actual, undefined, name);
  else
    assert.ok(actual !== undefined && actual <= expected + 1 && actual > expected / 2, `${name}: ${actual}`);
}

for (const mediaType of UNARY) {
  const name = mediaType.includes("grpc") ? "grpc-timeout" : "connect-timeout-ms";
  test(`${mediaType}: ${name} is cut to a minute`, async () => {
    for (const { sent, unary } of mediaType.includes("grpc") ? GRPC : CONNECT) {
      const headers = sent === undefined ? {} : { [name]: sent };
      const answer = await callRaw(server.url, {
        path: SUBMIT,
        mediaType,
        headers,
        body: goodBody(mediaType),
      });
      assert.is(answer.code, undefined, `${sent}: ${answer.message}`);
      assertMs(given, unary, `${sent}`);
    }
  });
}

for (const mediaType of [
  "application/grpc",
  "application/connect+proto",
  "application/grpc-web+proto",
] as const) {
  const name = mediaType.includes("grpc") ? "grpc-timeout" : "connect-timeout-ms";
  test(`${mediaType}: a stream keeps the deadline of its caller`, async () => {
    for (const { sent, stream } of mediaType.includes("grpc") ? GRPC : CONNECT) {
      const headers = sent === undefined ? {} : { [name]: sent };
      const body = envelope(new Uint8Array());
      const answer = await callRaw(server.url, {
        path: "/grpc.health.v1.Health/Watch",
        mediaType,
        headers,
        body,
      });
      assert.is(answer.code, undefined, `${sent}: ${answer.message}`);
      assertMs(given, stream, `${sent}`);
    }
  });
}

test("a Submit with a deadline of hours is stored through every door", async () => {
  for (const door of doors) {
    const client = createClient(MetricsService, door.transport);
    const answer = await client.submit(
      { service: "test", metrics: [{ type: "custom", value: 1 }] },
      {
        headers: { "x-api-key": WRITER_KEY },
        timeoutMs: 10_000_000,
      },
    );
    assert.is(answer.accepted, 1, door.name);
  }
});

test("what is no deadline is still refused", async () => {
  for (const mediaType of UNARY) {
    for (const sent of ["", "-1S", "1.5S", "1D", "S", "soon"]) {
      const headers = { ...WRITER, "grpc-timeout": sent, "connect-timeout-ms": sent };
      const answer = await callRaw(server.url, {
        path: SUBMIT,
        mediaType,
        headers,
        body: goodBody(mediaType),
      });
      assert.is(answer.code, 3, `${mediaType} ${sent}`);
    }
  }
});

test.run();

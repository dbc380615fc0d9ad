/** Answers that nobody takes are their client's affair: nobody else waits, and nobody is refused, for them. */
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp } from "node:net";
import { DatabaseSync } from "node:sqlite";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openDoors } from "../support/doors.ts";
import { envelope } from "../support/raw-rpc.ts";
import { ALPHA_KEY, BETA_KEY, startTestService, TWO_SERVICES } from "../support/service.ts";
import { createMovedClock } from "../support/time.ts";
import { until } from "../support/wait.ts";

/** More than may wait on any service for as long as they do. */
const CALLS = 90;
/** Longer than three times what calls may wait for, and less than what an answer may be left unread for. */
const LATER_MS = 10_000;
const SUBMIT = "/mcp.metrics.v1.MetricsService/Submit";
const BODY = JSON.stringify({ service: "alpha", metrics: [{ type: "custom", value: 1 }] });

interface Unread {
  readonly path: string;
  readonly type: string;
  readonly body: string | Uint8Array;
  /** How many are stored of each call. */
  readonly stored: 0 | 1;
}

const JSON_TYPE = "application/json";
const HTTP2_CALLS: Readonly<Record<string, Unread>> = {
  REST: { path: "/metrics", type: JSON_TYPE, body: BODY, stored: 1 },
  "REST, refused": { path: "/metrics", type: JSON_TYPE, body: "{", stored: 0 },
  "Connect JSON": { path: SUBMIT, type: JSON_TYPE, body: BODY, stored: 1 },
  "Connect JSON, refused": { path: SUBMIT, type: JSON_TYPE, body: "{", stored: 0 },
  gRPC: { path: SUBMIT, type: "application/grpc+json", body: envelope(Buffer.from(BODY)), stored: 1 },
  "gRPC-Web, refused": { path: SUBMIT, type: "application/grpc-web+json", body: "{", stored: 0 },
};

/** A service with its default bound for the wait, and proof that another tenant is served when time has passed. */
async function startWithDefaultWait() {
  const { clock, moveOn } = createMovedClock();
  const service = await startTestService({ ...TWO_SERVICES, MAX_WAIT_SECONDS: "0.25" }, clock);
  const doors = openDoors(service.url);
  const metrics = [{ type: "custom", value: 2 }];
  return {
    service,
    async assertOthersAreServed() {
      moveOn(LATER_MS);
      for (const { name, submit } of doors) {
        const outcome = await submit({ service: "beta", metrics }, { "x-api-key": BETA_KEY });
        assert.is(outcome.accepted, 1, `${name}: ${outcome.failure}`);
      }
    },
    async close() {
      for (const { close } of doors) close();
      await service.close();
    },
  };
}

function storedOf(path: string, service: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const row = database.prepare("SELECT count(*) AS stored FROM metrics WHERE service = ?").get(service);
    return Number(row?.stored);
  } finally {
    database.close();
  }
}

for (const [name, { path, type, body, stored }] of Object.entries(HTTP2_CALLS)) {
  test(`streams without a window for their answers hold up nobody: ${name}`, async () => {
    const { service, assertOthersAreServed, close } = await startWithDefaultWait();
    const session = connectHttp2(service.url, { settings: { initialWindowSize: 0 } });
    session.on("error", () => {});
    await new Promise((resolve) => session.once("remoteSettings", resolve));
    let answered = 0;
    for (let call = 0; call < CALLS; call += 1) {
      const headers = { "x-api-key": ALPHA_KEY, "content-type": type, te: "trailers" };
      const stream = session.request({ ":method": "POST", ":path": path, ...headers });
      stream.on("error", () => {});
      stream.once("response", () => {
        answered += 1;
      });
      stream.end(body);
    }
    await until("each has the head of its answer", () => answered === CALLS);
    assert.is(storedOf(service.databasePath, "alpha"), CALLS * stored);
    await assertOthersAreServed();
    session.destroy();
    await close();
  });
}

test("a socket that nobody reads holds up nobody, however many requests it brought", async () => {
  const { service, assertOthersAreServed, close } = await startWithDefaultWait();
  const socket = connectTcp(service.service.port, "127.0.0.1");
  socket.on("error", () => {});
  socket.pause();
  // What fills the buffers on the way, so that nothing behind it leaves the service.
  const filling = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(20);
  const head = `POST /metrics HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${ALPHA_KEY}\r\nContent-Length: ${BODY.length}`;
  socket.write(filling + `${head}\r\n\r\n${BODY}`.repeat(70));
  await until("they are stored", () => storedOf(service.databasePath, "alpha") === 70);
  await assertOthersAreServed();
  socket.destroy();
  await close();
});

test.run();

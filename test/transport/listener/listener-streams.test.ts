/** How many requests one connection may have in flight: what HTTP/2 peers are told, and what happens beyond. */
import { once } from "node:events";
import * as http2 from "node:http2";
import { type AddressInfo, createServer } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { systemClock } from "../../../src/lib/clock.ts";
import type { NodeRequest, NodeResponse } from "../../../src/transport/http/exchange.ts";
import { ConnectionTable } from "../../../src/transport/listener/connection-table.ts";
import { createDispatch } from "../../../src/transport/listener/dispatch.ts";
import { DEFAULT_LISTENER_LIMITS } from "../../../src/transport/listener/listener-limits.ts";
import { connectRaw, openTestListener } from "../../support/open-test-listener.ts";
import {
  connectRawHttp2,
  END_HEADERS,
  END_STREAM,
  FRAME,
  type Frame,
  frame,
  headerBlock,
} from "../../support/raw-http2.ts";
import { eventually } from "../../support/wait.ts";

/** What the service promises its peers. */
const STREAMS_MAX = 100;
const HEADER_BYTES_MAX = 16_384;
const ACK = 1;
const MAX_CONCURRENT_STREAMS = 3;
const MAX_HEADER_LIST_SIZE = 6;
const REFUSED_STREAM = 7;

const isSettings = ({ type, flags }: Frame) => type === FRAME.settings && (flags & ACK) === 0;
const idOf = (at: number) => 2 * at + 1;
const get = (at: number) =>
  frame(FRAME.headers, END_HEADERS | END_STREAM, idOf(at), headerBlock("GET", `/${at}`));

function settingsIn({ payload }: Frame): ReadonlyMap<number, number> {
  const pairs = Array.from({ length: payload.length / 6 }, (_, at) => payload.subarray(at * 6, at * 6 + 6));
  return new Map(pairs.map((pair) => [pair.readUInt16BE(0), pair.readUInt32BE(2)]));
}

/** Answers when the test says so, by path. */
function openHeld() {
  const held = new Map<string, NodeResponse>();
  const onRequest = (request: NodeRequest, response: NodeResponse) =>
    void held.set(request.url ?? "", response);
  return { held, listener: openTestListener({ onRequest }) };
}

test("SETTINGS tell HTTP/2 peers how many streams and how large headers they may have", async () => {
  const listener = await openTestListener();
  const peer = connectRawHttp2(listener.port);
  const settings = settingsIn(await peer.until(isSettings));
  assert.is(settings.get(MAX_CONCURRENT_STREAMS), STREAMS_MAX);
  assert.is(settings.get(MAX_HEADER_LIST_SIZE), HEADER_BYTES_MAX);
  peer.socket.destroy();
  await listener.close(0);
});

test("a peer that has not agreed to SETTINGS yet gets its 101st stream refused, and the others answered", async () => {
  const { held, listener: opening } = openHeld();
  const listener = await opening;
  const peer = connectRawHttp2(listener.port);
  await peer.until(isSettings);
  peer.send(...Array.from({ length: STREAMS_MAX + 3 }, (_, at) => get(at)));
  const refused = await peer.until(
    ({ type, streamId }) => type === FRAME.rstStream && streamId === idOf(STREAMS_MAX + 2),
  );
  assert.is(refused.payload.readUInt32BE(0), REFUSED_STREAM);
  await eventually(() => listener.seen.length === STREAMS_MAX);
  for (const at of [0, 1, 50, STREAMS_MAX - 1]) held.get(`/${at}`)?.end("done");
  await peer.until(
    ({ type, flags, streamId }) =>
      type === FRAME.data && (flags & END_STREAM) !== 0 && streamId === idOf(STREAMS_MAX - 1),
  );
  // There is room again.
  peer.send(get(STREAMS_MAX + 10));
  await eventually(() => listener.seen.length === STREAMS_MAX + 1);
  assert.is(listener.seen.at(-1), `GET /${STREAMS_MAX + 10}`);
  peer.socket.destroy();
  await listener.close(0);
});

test("a peer that has agreed and opens a 101st stream all the same does not reach the handler with it", async () => {
  const { listener: opening } = openHeld();
  const listener = await opening;
  const peer = connectRawHttp2(listener.port);
  await peer.until(isSettings);
  peer.send(frame(FRAME.settings, ACK, 0));
  peer.send(...Array.from({ length: STREAMS_MAX }, (_, at) => get(at)));
  await eventually(() => listener.seen.length === STREAMS_MAX);
  peer.send(get(STREAMS_MAX));
  await peer.until(({ type }) => type === FRAME.goaway || type === FRAME.rstStream);
  assert.is(listener.seen.length, STREAMS_MAX);
  peer.socket.destroy();
  await listener.close(0);
});

test("a client that keeps to SETTINGS has any number of requests answered, a hundred at a time", async () => {
  const listener = await openTestListener();
  const session = http2.connect(`http://127.0.0.1:${listener.port}`);
  await once(session, "remoteSettings");
  const answers = Array.from({ length: 5 * STREAMS_MAX }, async (_, at) => {
    const stream = session.request({ ":method": "POST", ":path": "/" });
    stream.end(`${at}`);
    let text = "";
    for await (const chunk of stream) text += chunk;
    return text;
  });
  assert.equal(
    await Promise.all(answers),
    Array.from(answers, (_, at) => `${at}`),
  );
  session.close();
  await listener.close(1_000);
});

test("an HTTP/1.1 peer that pipelines a 101st request is closed, and the handler does not see it", async () => {
  const { listener: opening } = openHeld();
  const listener = await opening;
  const request = (at: number) => `GET /${at} HTTP/1.1\r\nHost: a\r\n\r\n`;
  const peer = connectRaw(
    listener.port,
    Array.from({ length: STREAMS_MAX + 1 }, (_, at) => request(at)).join(""),
  );
  await peer.closed;
  assert.ok(listener.seen.length <= STREAMS_MAX, `${listener.seen.length} requests`);
  await listener.close(0);
});

/** Three requests at a time, behind a server that takes any number of streams. */
async function openDispatch() {
  const limits = { ...DEFAULT_LISTENER_LIMITS, requestsInFlightMax: 3 };
  const table = new ConnectionTable(systemClock, limits);
  const held = new Map<string, NodeResponse>();
  const onRequest = (request: NodeRequest, response: NodeResponse) =>
    void held.set(request.url ?? "", response);
  const dispatch = createDispatch({
    table,
    limits,
    onRequest,
    onError: (error) => assert.unreachable(String(error)),
  });
  const server = http2.createServer();
  server.on("request", dispatch);
  const port = createServer((socket) => {
    const connection = table.admit(socket);
    server.once("session", (session) => connection && table.bind(session, connection));
    server.emit("connection", socket);
  });
  port.listen(0, "127.0.0.1");
  await once(port, "listening");
  const session = http2.connect(`http://127.0.0.1:${(port.address() as AddressInfo).port}`);
  const codes = new Map<number, number>();
  const open = (at: number, body?: string) => {
    const stream = session.request({ ":path": `/${at}`, ...(body !== undefined && { ":method": "POST" }) });
    stream.on("error", () => undefined);
    stream.on("close", () => codes.set(at, stream.rstCode));
    if (body !== undefined) stream.end(body);
    return stream.resume();
  };
  async function close() {
    session.destroy();
    port.close();
    await once(port, "close");
  }
  return { open, codes, held, close };
}

test("dispatch bounds HTTP/2 by itself, whatever its server has told the peer", async () => {
  const { open, codes, held, close } = await openDispatch();
  for (let at = 0; at < 5; at += 1) open(at);
  await eventually(() => codes.size === 2);
  assert.equal(
    [...codes],
    [
      [3, REFUSED_STREAM],
      [4, REFUSED_STREAM],
    ],
  );
  assert.equal([...held.keys()], ["/0", "/1", "/2"]);
  held.get("/1")?.end("done");
  await eventually(() => codes.get(1) === http2.constants.NGHTTP2_NO_ERROR);
  open(5);
  await eventually(() => held.has("/5"));
  await close();
});

test("a request that was answered before its body was read takes no place: on the wire it is over", async () => {
  const { open, codes, held, close } = await openDispatch();
  for (let at = 0; at < 3; at += 1) open(at, "a body that nobody reads");
  await eventually(() => held.size === 3);
  for (const response of held.values()) response.end("done");
  await eventually(() => codes.size === 3);
  open(3);
  await eventually(() => held.has("/3") || codes.has(3));
  assert.equal([held.has("/3"), codes.get(3)], [true, undefined]);
  await close();
});

test.run();

import { once } from "node:events";
import { connect } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ListenerLimits } from "../../../src/transport/listener/listener-limits.ts";
import { connectRaw, openTestListener } from "../../support/open-test-listener.ts";
import {
  connectRawHttp2,
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  headerBlock,
  PREFACE,
  settings,
  uint32,
} from "../../support/raw-http2.ts";
import { TEST_IDENTITY } from "../../support/test-identity.ts";
import { eventually, msUntil } from "../../support/wait.ts";

const DEADLINE_MS = 200;
/** Everything is cut within its deadline, one sweep, and what a busy machine adds. */
const CUT_BY_MS = 1_500;

const CUT_OFF: readonly { name: string; bytes: string; limits: Partial<ListenerLimits>; answer: RegExp }[] = [
  { name: "that says nothing", bytes: "", limits: { sniffTimeoutMs: DEADLINE_MS }, answer: /^$/ },
  {
    name: "that stops within the preface",
    bytes: "PRI * HT",
    limits: { sniffTimeoutMs: DEADLINE_MS },
    answer: /^$/,
  },
  {
    name: "that does not finish its headers",
    bytes: "GET / HTTP/1.1\r\nHost: a\r\n",
    limits: { headersTimeoutMs: DEADLINE_MS },
    answer: /^HTTP\/1.1 408 .*\r\n\r\n$/s,
  },
  {
    name: "that does not finish its body",
    bytes: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
    limits: { requestTimeoutMs: DEADLINE_MS, headersTimeoutMs: DEADLINE_MS },
    answer: /^HTTP\/1.1 408 .*\r\n\r\n$/s,
  },
  {
    name: "that is idle after an answer",
    bytes: "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    // Node adds a second to what it announces, so that a peer that keeps to it never loses a request.
    limits: { keepAliveTimeoutMs: DEADLINE_MS },
    answer: /^HTTP\/1.1 200 /,
  },
];
for (const { name, bytes, limits, answer } of CUT_OFF) {
  test(`a connection ${name} is cut`, async () => {
    const listener = await openTestListener({ limits });
    const peer = connectRaw(listener.port, bytes);
    const elapsedMs = await msUntil(peer.closed);
    assert.ok(elapsedMs > DEADLINE_MS / 2 && elapsedMs < CUT_BY_MS, `cut after ${elapsedMs} ms`);
    assert.match(peer.text(), answer);
    assert.equal(listener.errors, []);
    await listener.close(1_000);
  });
}

test("a TLS handshake that does not happen is cut", async () => {
  const listener = await openTestListener({ tls: TEST_IDENTITY, limits: { sniffTimeoutMs: DEADLINE_MS } });
  const peer = connectRaw(listener.port, Buffer.from([0x16, 0x03, 0x01]));
  assert.ok((await msUntil(peer.closed)) < CUT_BY_MS);
  await listener.close(1_000);
});

test("headers that drip do not extend their deadline", async () => {
  const listener = await openTestListener({ limits: { headersTimeoutMs: DEADLINE_MS } });
  const peer = connectRaw(listener.port, "GET / HTTP/1.1\r\n");
  const drip = setInterval(() => peer.socket.write("a: b\r\n"), 20);
  const elapsedMs = await msUntil(peer.closed);
  clearInterval(drip);
  assert.ok(elapsedMs < CUT_BY_MS, `cut after ${elapsedMs} ms`);
  await listener.close(1_000);
});

test("an HTTP/2 session that never opens a stream is cut, pings or not", async () => {
  const listener = await openTestListener({ limits: { firstStreamTimeoutMs: DEADLINE_MS } });
  const peer = connectRawHttp2(listener.port);
  const ping = setInterval(() => peer.send(frame(FRAME.ping, 0, 0, Buffer.alloc(8))), 20);
  await peer.until(({ type }) => type === FRAME.goaway);
  await peer.closed;
  clearInterval(ping);
  await listener.close(1_000);
});

test("an idle HTTP/2 session is asked to go, and cut although its peer stays", async () => {
  const limits = { sessionIdleTimeoutMs: DEADLINE_MS };
  const listener = await openTestListener({ limits });
  const socket = connect({ port: listener.port, host: "127.0.0.1", allowHalfOpen: true });
  const request = frame(FRAME.headers, END_HEADERS | END_STREAM, 1, headerBlock("GET", "/"));
  socket.write(Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0), request]));
  socket.resume();
  socket.on("error", () => undefined);
  await once(socket, "end");
  await eventually(() => listener.connectionCount() === 0);
  assert.equal(listener.seen, ["GET /"]);
  socket.destroy();
  await listener.close(1_000);
});

test("an HTTP/2 peer that has ended its side is disconnected at once", async () => {
  const listener = await openTestListener();
  const socket = connect({ port: listener.port, host: "127.0.0.1", allowHalfOpen: true });
  const request = frame(FRAME.headers, END_HEADERS | END_STREAM, 1, headerBlock("GET", "/"));
  socket.end(Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0), request]));
  socket.resume();
  await eventually(() => listener.seen.length === 1);
  await eventually(() => listener.connectionCount() === 0);
  socket.destroy();
  await listener.close(1_000);
});

test("an HTTP/2 body that drips is reset at its deadline, and its session goes on", async () => {
  const limits = { requestTimeoutMs: DEADLINE_MS };
  const listener = await openTestListener({ limits });
  const peer = connectRawHttp2(listener.port);
  peer.send(frame(FRAME.headers, END_HEADERS, 1, headerBlock("POST", "/slow")));
  const drip = setInterval(() => peer.send(frame(FRAME.data, 0, 1, Buffer.from("x"))), 20);
  await peer.until(({ type, streamId }) => type === FRAME.rstStream && streamId === 1);
  clearInterval(drip);
  peer.send(frame(FRAME.headers, END_HEADERS | END_STREAM, 3, headerBlock("GET", "/next")));
  await peer.until(({ type, streamId }) => type === FRAME.headers && streamId === 3);
  peer.socket.destroy();
  await listener.close(1_000);
});

test("a complete request may be answered later than the deadline for sending it", async () => {
  const limits = { requestTimeoutMs: DEADLINE_MS, writeTimeoutMs: DEADLINE_MS };
  const listener = await openTestListener({
    limits,
    onRequest: (_request, response) => void setTimeout(() => response.end("late"), 3 * DEADLINE_MS),
  });
  const http2 = connectRawHttp2(listener.port);
  http2.send(frame(FRAME.headers, END_HEADERS | END_STREAM, 1, headerBlock("GET", "/")));
  const http1 = connectRaw(listener.port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  await http2.until(({ type, payload }) => type === FRAME.data && payload.toString() === "late");
  await http1.closed;
  assert.match(http1.text(), /late/);
  http2.socket.destroy();
  await listener.close(1_000);
});

/** More than the kernel buffers, less than the 10 MB at which node refuses a session's further streams. */
const BIG = Buffer.alloc(8_000_000, "x");

test("an answer nobody reads ends an HTTP/1.1 connection", async () => {
  const listener = await openTestListener({
    limits: { writeTimeoutMs: DEADLINE_MS },
    onRequest: (_request, response) => void response.end(BIG),
  });
  const socket = connect({ port: listener.port, host: "127.0.0.1" });
  socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await eventually(() => listener.seen.length === 1);
  await eventually(() => listener.connectionCount() === 0);
  socket.destroy();
  await listener.close(1_000);
});

test("an answer to a stream without window is reset, and a second one ends the session", async () => {
  const listener = await openTestListener({
    limits: { writeTimeoutMs: DEADLINE_MS },
    onRequest: (_request, response) => void response.end(BIG),
  });
  const zeroWindow = settings(4, 0);
  const peer = connectRawHttp2(listener.port, Buffer.concat([PREFACE, zeroWindow]));
  peer.send(frame(FRAME.headers, END_HEADERS | END_STREAM, 1, headerBlock("GET", "/")));
  await peer.until(({ type, streamId }) => type === FRAME.rstStream && streamId === 1);
  peer.send(frame(FRAME.headers, END_HEADERS | END_STREAM, 3, headerBlock("GET", "/")));
  assert.ok((await msUntil(peer.closed)) < CUT_BY_MS);
  await listener.close(1_000);
});

test("an answer taken a byte at a time is cut as well", async () => {
  const listener = await openTestListener({
    limits: { writeTimeoutMs: DEADLINE_MS },
    onRequest: (_request, response) => void response.end(BIG),
  });
  const peer = connectRawHttp2(listener.port, Buffer.concat([PREFACE, settings(4, 0)]));
  peer.send(frame(FRAME.headers, END_HEADERS | END_STREAM, 1, headerBlock("GET", "/")));
  const drip = setInterval(() => peer.send(frame(FRAME.windowUpdate, 0, 1, uint32(1))), 20);
  await peer.until(({ type, streamId }) => type === FRAME.rstStream && streamId === 1);
  clearInterval(drip);
  peer.socket.destroy();
  await listener.close(1_000);
});

test("an HTTP/2 peer that stops reading its socket is cut", async () => {
  const listener = await openTestListener({
    limits: { writeTimeoutMs: DEADLINE_MS, firstStreamTimeoutMs: DEADLINE_MS },
    onRequest: (_request, response) => void response.end(BIG),
  });
  const socket = connect({ port: listener.port, host: "127.0.0.1" });
  const wide = Buffer.concat([settings(4, 0x7fffffff), frame(FRAME.windowUpdate, 0, 0, uint32(0x7fff0000))]);
  const request = frame(FRAME.headers, END_HEADERS | END_STREAM, 1, headerBlock("GET", "/"));
  socket.write(Buffer.concat([PREFACE, wide, request]));
  await eventually(() => listener.seen.length === 1);
  await eventually(() => listener.connectionCount() === 0);
  socket.destroy();
  await listener.close(1_000);
});

test.run();

import { connect } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { connectRaw, openTestListener } from "../../support/open-test-listener.ts";
import {
  connectRawHttp2,
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  headerBlock,
  type RawHttp2,
  uint32,
} from "../../support/raw-http2.ts";
import { eventually } from "../../support/wait.ts";

const MB = 1_000_000;
/** What is kept of 90 000 streams would be far more; what the test itself and a busy machine leave is less. */
const GROWTH_MAX = 16 * MB;
const GET = headerBlock("GET", "/");
const CANCEL = uint32(8);

/** Stays open, so that a peer's resets meet a handler at work. */
const neverAnswer = (): void => undefined;

async function feed(peer: RawHttp2, rounds: number, round: (n: number) => Buffer): Promise<void> {
  for (let n = 0; n < rounds && !peer.socket.destroyed; n += 1) {
    if (peer.socket.write(round(n))) continue;
    await Promise.race([new Promise((resolve) => peer.socket.once("drain", resolve)), peer.closed]);
  }
}

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/** Bytes still held after `work` that were not before. */
async function growthOf(work: () => Promise<void>): Promise<number> {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  await work();
  collectGarbage();
  const after = process.memoryUsage();
  return after.heapUsed + after.external - heapUsed - external;
}

const RESETS = [
  { name: "in the packet of its request", rounds: 5_000, pace: false },
  { name: "after the request was read", rounds: 400, pace: true },
];
for (const { name, rounds, pace } of RESETS) {
  test(`a session that resets each stream ${name} is destroyed, and few reach the handler`, async () => {
    const listener = await openTestListener({ onRequest: neverAnswer });
    const peer = connectRawHttp2(listener.port);
    await peer.until(({ type }) => type === FRAME.settings);
    for (let n = 0; n < rounds && !peer.socket.destroyed; n += 1) {
      const id = 2 * n + 1;
      peer.send(frame(FRAME.headers, END_HEADERS | END_STREAM, id, GET));
      if (pace) await new Promise(setImmediate);
      peer.send(frame(FRAME.rstStream, 0, id, CANCEL));
    }
    await peer.closed;
    assert.ok(listener.seen.length <= 150, `${listener.seen.length} requests reached the handler`);
    await eventually(() => listener.connectionCount() === 0);
    await listener.close(1_000);
  });
}

test("a hundred sessions that reset 900 streams each leave nothing behind", async () => {
  const listener = await openTestListener({ onRequest: neverAnswer });
  const growth = await growthOf(async () => {
    for (let session = 0; session < 100; session += 1) {
      const peer = connectRawHttp2(listener.port);
      await feed(peer, 900, (n) => {
        const id = 2 * n + 1;
        return Buffer.concat([
          frame(FRAME.headers, END_HEADERS | END_STREAM, id, GET),
          frame(FRAME.rstStream, 0, id, CANCEL),
        ]);
      });
      await peer.closed;
    }
  });
  assert.ok(growth < GROWTH_MAX, `grew by ${growth} bytes`);
  await listener.close(1_000);
});

test("a session that makes the server reset its streams is destroyed as well", async () => {
  const listener = await openTestListener({ onRequest: neverAnswer });
  const peer = connectRawHttp2(listener.port);
  await feed(peer, 2_000, (n) => {
    const id = 2 * n + 1;
    // A window increment of zero on an open stream is the peer's error and the server's reset.
    return Buffer.concat([
      frame(FRAME.headers, END_HEADERS, id, headerBlock("POST", "/")),
      frame(FRAME.windowUpdate, 0, id, uint32(0)),
    ]);
  });
  await peer.closed;
  assert.ok(listener.seen.length <= 150, `${listener.seen.length} requests reached the handler`);
  await listener.close(1_000);
});

test("a hundred cancelled calls in ten seconds are within a client's rights", async () => {
  const listener = await openTestListener({
    onRequest: (request, response) => {
      if (request.url === "/last") response.end("fine");
    },
  });
  const peer = connectRawHttp2(listener.port);
  for (let n = 0; n < 100; n += 1) {
    peer.send(frame(FRAME.headers, END_HEADERS | END_STREAM, 2 * n + 1, GET));
    peer.send(frame(FRAME.rstStream, 0, 2 * n + 1, CANCEL));
  }
  peer.send(frame(FRAME.headers, END_HEADERS | END_STREAM, 201, headerBlock("GET", "/last")));
  await peer.until(({ type, streamId }) => type === FRAME.headers && streamId === 201);
  peer.socket.destroy();
  await listener.close(1_000);
});

const PAD = Buffer.alloc(8);
const FLOODS: readonly { name: string; open?: Buffer; frames: Buffer }[] = [
  { name: "PING", frames: frame(FRAME.ping, 0, 0, PAD) },
  { name: "SETTINGS", frames: frame(FRAME.settings, 0, 0) },
  {
    name: "empty DATA",
    open: frame(FRAME.headers, END_HEADERS, 1, headerBlock("POST", "/")),
    frames: frame(FRAME.data, 0, 1),
  },
  { name: "PRIORITY", frames: frame(FRAME.priority, 0, 1, Buffer.alloc(5, 3)) },
  {
    name: "CONTINUATION",
    open: frame(FRAME.headers, 0, 1, headerBlock("GET", "/")),
    frames: frame(FRAME.continuation, 0, 1, Buffer.alloc(0)),
  },
  { name: "window overflow", frames: frame(FRAME.windowUpdate, 0, 0, uint32(0x7fffffff)) },
  { name: "unknown frames", frames: frame(0xbb, 0, 0, Buffer.alloc(64)) },
];
for (const { name, open, frames } of FLOODS) {
  test(`a flood of ${name} ends the connection or does no harm`, async () => {
    const limits = { firstStreamTimeoutMs: 500, requestTimeoutMs: 500 };
    const listener = await openTestListener({ limits, onRequest: neverAnswer });
    const growth = await growthOf(async () => {
      const peer = connectRawHttp2(listener.port);
      if (open !== undefined) peer.send(open);
      const many = Buffer.concat(Array.from({ length: 1_000 }, () => frames));
      await feed(peer, 100, () => many);
      peer.socket.end();
      await Promise.race([peer.closed, eventually(() => listener.connectionCount() === 0)]);
    });
    assert.ok(growth < GROWTH_MAX, `grew by ${growth} bytes`);
    const next = connectRawHttp2(listener.port);
    await next.until(({ type }) => type === FRAME.settings);
    next.socket.destroy();
    await listener.close(1_000);
  });
}

test("more pipelined requests than may be in flight end the connection", async () => {
  const listener = await openTestListener({ onRequest: neverAnswer });
  const peer = connectRaw(listener.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(20_000));
  await peer.closed;
  assert.is(listener.seen.length, 100);
  await listener.close(1_000);
});

test("one connection too many closes the one that has been idle for longest", async () => {
  const listener = await openTestListener({ limits: { connectionsMax: 3 }, onRequest: neverAnswer });
  const busy = connectRaw(listener.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await eventually(() => listener.seen.length === 1);
  const [older, newer] = [connectRaw(listener.port), connectRaw(listener.port)];
  await eventually(() => listener.connectionCount() === 3);
  const one = connectRaw(listener.port);
  await Promise.race([older.closed, newer.closed]);
  assert.is(busy.socket.closed, false);
  assert.is(listener.connectionCount(), 3);
  for (const { socket } of [busy, older, newer, one]) socket.destroy();
  await listener.close(1_000);
});

test("one connection too many is rejected while all others are at work", async () => {
  const listener = await openTestListener({ limits: { connectionsMax: 2 }, onRequest: neverAnswer });
  const busy = [1, 2].map(() => connectRaw(listener.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  await eventually(() => listener.seen.length === 2);
  await connectRaw(listener.port).closed;
  assert.equal(
    busy.map(({ socket }) => socket.closed),
    [false, false],
  );
  assert.equal(await listener.close(0), { aborted: 2 });
});

test("an address over its own limit takes no room from others", async () => {
  const listener = await openTestListener({
    host: "0.0.0.0",
    limits: { connectionsPerAddressMax: 1 },
    onRequest: neverAnswer,
  });
  const first = connectRaw(listener.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await eventually(() => listener.seen.length === 1);
  await connectRaw(listener.port).closed;
  const other = connect({ port: listener.port, host: "127.0.0.1", localAddress: "127.0.0.2" });
  await eventually(() => listener.connectionCount() === 2);
  other.destroy();
  first.socket.destroy();
  await eventually(() => listener.connectionCount() === 0);
  await listener.close(1_000);
});

test.run();

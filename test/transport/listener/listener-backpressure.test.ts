import { once } from "node:events";
import * as http2 from "node:http2";
import { connect } from "node:net";
import type { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openTestListener } from "../../support/open-test-listener.ts";

const MB = 1_000_000;
const GIGABYTE = 1_000 * MB;
/** Kernel buffers on both sides and a window; far from a gigabyte. */
const TAKEN_MAX = 32 * MB;

/** Write a gigabyte unless the peer stops taking it for half a second. Returns the bytes written. */
async function pour(sink: Writable): Promise<number> {
  const chunk = Buffer.alloc(MB, "x");
  let written = 0;
  while (written < GIGABYTE) {
    written += chunk.length;
    if (sink.write(chunk)) continue;
    const isMoving = await Promise.race([once(sink, "drain").then(() => true), sleep(500, false)]);
    if (!isMoving) break;
  }
  return written;
}

test("a gigabyte sent to a handler that does not read stays with its sender, on HTTP/1.1", async () => {
  const listener = await openTestListener({ onRequest: () => undefined });
  const socket = connect({ port: listener.port, host: "127.0.0.1" });
  socket.on("error", () => undefined);
  socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${GIGABYTE}\r\n\r\n`);
  const before = process.memoryUsage().rss;
  const written = await pour(socket);
  assert.ok(written < TAKEN_MAX, `${written} bytes taken`);
  assert.ok(process.memoryUsage().rss - before < 2 * TAKEN_MAX);
  assert.equal(await listener.close(0), { aborted: 1 });
});

test("a gigabyte sent to a handler that does not read stays with its sender, on HTTP/2", async () => {
  const listener = await openTestListener({ onRequest: () => undefined });
  const session = http2.connect(`http://127.0.0.1:${listener.port}`);
  session.on("error", () => undefined);
  const stream = session.request({ ":method": "POST" });
  stream.on("error", () => undefined);
  const before = process.memoryUsage().rss;
  const written = await pour(stream);
  assert.ok(written < TAKEN_MAX, `${written} bytes taken`);
  assert.ok(process.memoryUsage().rss - before < 2 * TAKEN_MAX);
  assert.equal(await listener.close(0), { aborted: 1 });
});

test.run();

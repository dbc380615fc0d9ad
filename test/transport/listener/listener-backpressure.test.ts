import { once } from "node:events";
import * as http2 from "node:http2";
import { connect, type Socket } from "node:net";
import type { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import * as tls from "node:tls";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { TlsIdentity } from "../../../src/transport/listener/http1-server.ts";
import { openTestListener } from "../../support/open-test-listener.ts";
import { TEST_IDENTITY } from "../../support/test-identity.ts";

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

const HOST = "127.0.0.1";
const DIALS: readonly (readonly [name: string, identity: TlsIdentity | undefined, dial: Dial])[] = [
  ["HTTP/1.1", undefined, (port) => connect({ port, host: HOST })],
  [
    "HTTP/1.1 over TLS",
    TEST_IDENTITY,
    (port) => tls.connect({ port, host: HOST, rejectUnauthorized: false }),
  ],
];

type Dial = (port: number) => Socket;

for (const [name, identity, dial] of DIALS) {
  test(`a gigabyte sent to a handler that does not read stays with its sender, on ${name}`, async () => {
    const listener = await openTestListener({ onRequest: () => undefined, tls: identity });
    const socket = dial(listener.port);
    socket.on("error", () => undefined);
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${GIGABYTE}\r\n\r\n`);
    const before = process.memoryUsage().rss;
    const written = await pour(socket);
    assert.ok(written < TAKEN_MAX, `${written} bytes taken`);
    assert.ok(process.memoryUsage().rss - before < 2 * TAKEN_MAX);
    assert.equal(await listener.close(0), { aborted: 1 });
    socket.destroy();
  });
}

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

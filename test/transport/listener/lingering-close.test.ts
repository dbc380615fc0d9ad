import { once } from "node:events";
import { connect, type Socket } from "node:net";
import * as tls from "node:tls";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { NodeRequest, NodeResponse } from "../../../src/transport/http/exchange.ts";
import { openTestListener } from "../../support/open-test-listener.ts";
import { TEST_IDENTITY } from "../../support/test-identity.ts";
import { eventually } from "../../support/wait.ts";

const BEGIN = "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
const CHUNK = "5\r\nagain\r\n";
const END = "0\r\n\r\n";
const GET = "GET /second HTTP/1.1\r\nHost: a\r\n\r\n";

const HOST = "127.0.0.1";
/** So that a client may send on after the server has ended its side. */
const HALF_OPEN = { allowHalfOpen: true };
const WAYS: readonly {
  readonly name: string;
  readonly identity: typeof TEST_IDENTITY | undefined;
  readonly dial: (port: number) => Socket;
}[] = [
  {
    name: "cleartext",
    identity: undefined,
    dial: (port) => connect({ port, host: HOST, ...HALF_OPEN }),
  },
  {
    name: "TLS",
    identity: TEST_IDENTITY,
    dial: (port) => tls.connect({ port, host: HOST, rejectUnauthorized: false, ...HALF_OPEN }),
  },
];

function refuse(_request: NodeRequest, response: NodeResponse): void {
  response.statusCode = 401;
  response.setHeader("Connection", "close");
  response.end("no");
}

for (const { name, identity, dial } of WAYS) {
  test(`a client that is rejected in mid-body can send the rest, and reads the answer: ${name}`, async () => {
    const listener = await openTestListener({ onRequest: refuse, tls: identity });
    const socket = dial(listener.port);
    let answer = "";
    socket.on("error", () => undefined);
    socket.setEncoding("latin1").on("data", (text) => {
      answer += text;
    });
    socket.write(BEGIN);
    await once(socket, "end");
    assert.match(answer, /^HTTP\/1.1 401 .*no$/s);
    // A closed socket would answer the first with a reset, and the second could not be written.
    for (const rest of [CHUNK, CHUNK, END + GET]) {
      await new Promise<void>((resolve, reject) => {
        socket.write(rest, (error) => (error ? reject(error) : resolve()));
      });
    }
    const closed = once(socket, "close");
    socket.end();
    await closed;
    await eventually(() => listener.connectionCount() === 0);
    assert.equal(listener.seen, ["POST /upload"]);
    await listener.close(0);
  });
}

test("a client that goes on sending after it was rejected is cut", async () => {
  const listener = await openTestListener({ onRequest: refuse });
  const socket = connect({ port: listener.port, host: HOST, ...HALF_OPEN });
  socket.on("error", () => undefined);
  socket.resume();
  socket.write(BEGIN);
  await once(socket, "end");
  assert.is(listener.connectionCount(), 1);
  await eventually(() => listener.connectionCount() === 0);
  socket.destroy();
  await listener.close(0);
});

test.run();

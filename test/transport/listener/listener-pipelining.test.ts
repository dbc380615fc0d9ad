import { once } from "node:events";
import { connect } from "node:net";
import { Duplex } from "node:stream";
import * as tls from "node:tls";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { NodeRequest, NodeResponse } from "../../../src/transport/http/exchange.ts";
import { openTestListener } from "../../support/open-test-listener.ts";
import { TEST_IDENTITY } from "../../support/test-identity.ts";
import { turn } from "../../support/time.ts";

/** More than is sent at once, so that it is still under way when the next request is read. */
const LARGE = Buffer.alloc(1_000_000, "x");

async function answer(request: NodeRequest, response: NodeResponse): Promise<void> {
  let text = "";
  for await (const chunk of request) text += chunk;
  response.end(text === "large" ? LARGE : `got ${text}`);
}

/** A transport that keeps what is written until it is told to send all of it at once. */
function hold(port: number) {
  const socket = connect({ port, host: "127.0.0.1" });
  const held: Buffer[] = [];
  let isHolding = false;
  const wire = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      if (isHolding) held.push(chunk);
      else socket.write(chunk);
      done();
    },
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  socket.on("data", (chunk) => wire.push(chunk));
  socket.on("error", () => undefined);
  socket.on("end", () => wire.push(null));
  return {
    wire,
    holdOn: () => {
      isHolding = true;
    },
    sendAll: () => void socket.write(Buffer.concat(held)),
  };
}

test("a request that arrives in pieces behind a large answer is read, over TLS as well", async () => {
  const listener = await openTestListener({ onRequest: answer, tls: TEST_IDENTITY });
  const { wire, holdOn, sendAll } = hold(listener.port);
  const peer = tls.connect({ socket: wire, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] });
  let received = "";
  peer.setEncoding("latin1").on("data", (text) => {
    received += text;
  });
  await once(peer, "secureConnect");
  holdOn();
  // A TLS record each.
  for (const piece of [
    "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nlarge",
    "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nConnection: close\r\n\r\n",
    "small",
    " size",
  ]) {
    peer.write(piece);
    await turn();
  }
  sendAll();
  await once(peer, "end");
  assert.match(received.slice(-200), /HTTP\/1\.1 200 OK\r\n[\s\S]*got small size$/);
  assert.equal(listener.seen, ["POST /1", "POST /2"]);
  peer.destroy();
  await listener.close(0);
});

test.run();

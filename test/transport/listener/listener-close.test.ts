import { once } from "node:events";
import { request as httpRequest } from "node:http";
import * as http2 from "node:http2";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { connectRaw, openTestListener } from "../../support/open-test-listener.ts";
import { connectRawHttp2, END_HEADERS, FRAME, frame, headerBlock } from "../../support/raw-http2.ts";
import { TEST_IDENTITY } from "../../support/test-identity.ts";
import { eventually } from "../../support/wait.ts";

/** A handler that answers when told to. */
function held() {
  const answers: (() => void)[] = [];
  return {
    answerAll: () => {
      for (const answer of answers.splice(0)) answer();
    },
    onRequest: (_request: unknown, response: { end(text: string): void }) =>
      void answers.push(() => response.end("done")),
  };
}

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

test("a request in flight is answered, marked as the last, and its connection closed", async () => {
  const { answerAll, onRequest } = held();
  const listener = await openTestListener({ onRequest });
  const peer = connectRaw(listener.port, GET);
  await eventually(() => listener.seen.length === 1);
  const closed = listener.close(5_000);
  answerAll();
  await peer.closed;
  assert.match(peer.text(), /Connection: close.*done/s);
  assert.equal(await closed, { aborted: 0 });
});

test("an HTTP/2 request in flight is answered and its session closed", async () => {
  const { answerAll, onRequest } = held();
  const listener = await openTestListener({ onRequest });
  const session = http2.connect(`http://127.0.0.1:${listener.port}`);
  const stream = session.request();
  await eventually(() => listener.seen.length === 1);
  const closed = listener.close(5_000);
  await once(session, "goaway");
  answerAll();
  let text = "";
  for await (const chunk of stream) text += chunk;
  assert.is(text, "done");
  assert.equal(await closed, { aborted: 0 });
});

test("idle connections do not delay a close", async () => {
  const listener = await openTestListener();
  const idle = connectRaw(listener.port, GET);
  await idle.until(/200 OK/);
  const silent = connectRaw(listener.port);
  const session = connectRawHttp2(listener.port);
  await session.until(({ type }) => type === FRAME.settings);
  await eventually(() => listener.connectionCount() === 3);
  const startedMs = performance.now();
  assert.equal(await listener.close(10_000), { aborted: 0 });
  assert.ok(performance.now() - startedMs < 2_000);
  await Promise.all([idle.closed, silent.closed, session.closed]);
});

test("a request sent just before the close on a kept-alive connection is answered", async () => {
  const listener = await openTestListener();
  const peers = Array.from({ length: 64 }, () => connectRaw(listener.port, GET));
  await Promise.all(peers.map((peer) => peer.until(/200 OK/)));
  for (const { socket } of peers) socket.write(GET);
  const closed = listener.close(5_000);
  await Promise.all(peers.map((peer) => peer.closed));
  assert.equal(
    peers.map((peer) => peer.text().match(/200 OK/g)?.length),
    Array(64).fill(2),
  );
  assert.equal(await closed, { aborted: 0 });
});

for (const { name, tls } of [
  { name: "in the clear", tls: undefined },
  { name: "over TLS", tls: TEST_IDENTITY },
]) {
  test(`streams sent just before and just after the close on open HTTP/2 sessions are answered, ${name}`, async () => {
    const listener = await openTestListener({ tls });
    const url = `${tls === undefined ? "http" : "https"}://127.0.0.1:${listener.port}`;
    const sessions = Array.from({ length: 32 }, () => http2.connect(url, { rejectUnauthorized: false }));
    const ask = async (session: http2.ClientHttp2Session) => {
      const stream = session.request({ ":path": "/" });
      const [headers] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
      stream.resume();
      await once(stream, "close");
      return headers[":status"];
    };
    await Promise.all(sessions.map(ask));
    const before = sessions.map(ask);
    const closed = listener.close(5_000);
    const after = sessions.map(ask);
    assert.equal(await Promise.all([...before, ...after]), Array(64).fill(200));
    assert.equal(await closed, { aborted: 0 });
  });
}

test("clients that never finish their bodies are cut at the deadline and counted", async () => {
  const listener = await openTestListener();
  const http1 = connectRaw(listener.port, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
  const http2 = connectRawHttp2(listener.port);
  http2.send(frame(FRAME.headers, END_HEADERS, 1, headerBlock("POST", "/")));
  await eventually(() => listener.seen.length === 2);
  const startedMs = performance.now();
  assert.equal(await listener.close(300), { aborted: 2 });
  const elapsedMs = performance.now() - startedMs;
  assert.ok(elapsedMs >= 290 && elapsedMs < 1_000, `closed after ${elapsedMs} ms`);
  await Promise.all([http1.closed, http2.closed]);
});

for (const { name, tls } of [
  { name: "in the clear", tls: undefined },
  { name: "over TLS", tls: TEST_IDENTITY },
]) {
  test(`an HTTP/2 peer that goes and leaves an answer unread is disconnected, ${name}`, async () => {
    let isEnded = false;
    const listener = await openTestListener({
      tls,
      onRequest(_request, response) {
        response.once("close", () => {
          isEnded = true;
        });
        // Far more than the peer's window.
        response.end(Buffer.alloc(10_000_000));
      },
    });
    const scheme = tls === undefined ? "http" : "https";
    const session = http2.connect(`${scheme}://127.0.0.1:${listener.port}`, { rejectUnauthorized: false });
    const stream = session.request();
    await once(stream, "response");
    session.destroy();
    // Also without a close: whoever makes the answer is told to stop.
    await eventually(() => isEnded && listener.connectionCount() === 0);
    assert.equal(await listener.close(60_000), { aborted: 0 });
  });
}

test("no connection is accepted once a close has begun", async () => {
  const { answerAll, onRequest } = held();
  const listener = await openTestListener({ onRequest });
  connectRaw(listener.port, GET);
  await eventually(() => listener.seen.length === 1);
  const closed = listener.close(5_000);
  const [error] = await once(httpRequest({ port: listener.port, host: "127.0.0.1" }).end(), "error");
  assert.is(error.code, "ECONNREFUSED");
  answerAll();
  await closed;
});

test("closing twice is closing once", async () => {
  const listener = await openTestListener();
  assert.is(listener.close(1_000), listener.close(0));
  await listener.close(1_000);
});

test.run();

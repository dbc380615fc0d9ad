import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import * as https from "node:https";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { connectRaw, echo, openTestListener } from "../../support/open-test-listener.ts";
import { connectRawHttp2, FRAME, frame, PREFACE } from "../../support/raw-http2.ts";
import { TEST_IDENTITY } from "../../support/test-identity.ts";
import { eventually } from "../../support/wait.ts";

const BODY = "x".repeat(100_000);

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function postHttp1(send: typeof http.request, url: string): Promise<string> {
  const request = send(url, { method: "POST", agent: false, ...{ rejectUnauthorized: false } });
  request.end(BODY);
  const [response] = await once(request, "response");
  return textOf(response);
}

async function postHttp2(url: string): Promise<string> {
  const session = http2.connect(url, { rejectUnauthorized: false });
  const stream = session.request({ ":method": "POST", ":path": "/x" });
  stream.end(BODY);
  const text = await textOf(stream);
  session.close();
  return text;
}

test("HTTP/1.1 and HTTP/2 reach the same handler on one cleartext port", async () => {
  const versions: string[] = [];
  const listener = await openTestListener({
    onRequest: (request, response) => {
      versions.push(request.httpVersion);
      return echo(request, response);
    },
  });
  const url = `http://127.0.0.1:${listener.port}/x`;
  assert.is(await postHttp1(http.request, url), BODY);
  assert.is(await postHttp2(url), BODY);
  assert.equal(versions, ["1.1", "2.0"]);
  assert.equal(await listener.close(1_000), { aborted: 0 });
});

test("HTTP/1.1 and HTTP/2 reach the same handler on one TLS port, as ALPN decides", async () => {
  const versions: string[] = [];
  const listener = await openTestListener({
    tls: TEST_IDENTITY,
    onRequest: (request, response) => {
      versions.push(request.httpVersion);
      return echo(request, response);
    },
  });
  const url = `https://127.0.0.1:${listener.port}/x`;
  assert.is(await postHttp1(https.request, url), BODY);
  assert.is(await postHttp2(url), BODY);
  assert.equal(versions, ["1.1", "2.0"]);
  await eventually(() => listener.connectionCount() === 0);
  assert.equal(await listener.close(1_000), { aborted: 0 });
});

test("a peer that speaks no TLS to a TLS port is cut and forgotten", async () => {
  const listener = await openTestListener({ tls: TEST_IDENTITY });
  const plain = connectRaw(listener.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await plain.closed;
  await eventually(() => listener.connectionCount() === 0);
  assert.equal(listener.seen, []);
  await listener.close(1_000);
});

test("the HTTP/2 preface may arrive split at any byte", async () => {
  const listener = await openTestListener();
  for (let cut = 1; cut < PREFACE.length; cut += 1) {
    const peer = connectRawHttp2(listener.port, PREFACE.subarray(0, cut));
    peer.socket.setNoDelay(true);
    await once(peer.socket, "connect");
    await new Promise(setImmediate);
    peer.send(PREFACE.subarray(cut), frame(FRAME.settings, 0, 0));
    // Acknowledged: the session is up.
    await peer.until(({ type, flags }) => type === FRAME.settings && flags === 1);
    peer.socket.destroy();
  }
  await listener.close(1_000);
});

test("a request line that begins like the preface is HTTP/1.1", async () => {
  const listener = await openTestListener();
  for (const method of ["P", "PU", "PROPFIND"]) {
    const peer = connectRaw(listener.port);
    for (const byte of `${method} / HTTP/1.0\r\n\r\n`) peer.socket.write(byte);
    await peer.closed;
    assert.match(peer.text(), method === "PROPFIND" ? /^HTTP\/1.1 200/ : /^HTTP\/1.1 400/);
  }
  await listener.close(1_000);
});

test("HTTP/1.0 without Host, with the sending side closed at once, is answered", async () => {
  const listener = await openTestListener();
  const peer = connectRaw(listener.port);
  peer.socket.end("GET / HTTP/1.0\r\n\r\n");
  await peer.closed;
  assert.match(peer.text(), /^HTTP\/1.1 200 OK/);
  await listener.close(1_000);
});

const BROKEN_HANDLERS = [
  {
    name: "throws",
    onRequest: () => {
      throw new Error("broken");
    },
  },
  { name: "rejects", onRequest: () => Promise.reject(new Error("broken")) },
];
for (const { name, onRequest } of BROKEN_HANDLERS) {
  test(`a handler that ${name} is answered for with 500 and reported, on both protocols`, async () => {
    const listener = await openTestListener({ onRequest });
    const peer = connectRaw(listener.port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await peer.closed;
    assert.match(peer.text(), /^HTTP\/1.1 500 .*Internal server error\n$/s);
    assert.not.match(peer.text(), /broken/);
    const session = http2.connect(`http://127.0.0.1:${listener.port}`);
    const [headers] = await once(session.request(), "response");
    assert.is(headers[":status"], 500);
    session.close();
    assert.is(listener.errors.length, 2);
    await listener.close(1_000);
  });
}

test("a handler that throws after it began to answer has its answer broken off", async () => {
  const listener = await openTestListener({
    onRequest: (_request, response) => {
      if ("stream" in response) response.write("half");
      else response.write("half");
      throw new Error("broken");
    },
  });
  const peer = connectRaw(listener.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await peer.closed;
  assert.not.match(peer.text(), /\r\n0\r\n/);
  const session = http2.connect(`http://127.0.0.1:${listener.port}`);
  const stream = session.request();
  await once(stream, "error");
  session.close();
  await listener.close(1_000);
});

test("100 Continue is sent when the handler reads, and not when it rejects on the headers", async () => {
  const listener = await openTestListener({
    onRequest: (request, response) => {
      if (request.url === "/take") return echo(request, response);
      response.statusCode = 401;
      response.end("no");
      return undefined;
    },
  });
  const head = "HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n";
  const taken = connectRaw(listener.port, `POST /take ${head}Connection: close\r\n\r\n`);
  await taken.until(/^HTTP\/1.1 100 Continue\r\n\r\n$/);
  taken.socket.write("abc");
  await taken.closed;
  assert.match(taken.text(), /HTTP\/1.1 200 OK.*abc$/s);
  const refused = connectRaw(listener.port, `POST /refuse ${head}\r\n`);
  await refused.closed;
  assert.match(refused.text(), /^HTTP\/1.1 401 .*Connection: close/s);
  await listener.close(1_000);
});

test("100 Continue works the same on HTTP/2", async () => {
  const listener = await openTestListener();
  const session = http2.connect(`http://127.0.0.1:${listener.port}`);
  const stream = session.request({ ":method": "POST", expect: "100-continue" });
  await once(stream, "continue");
  stream.end("abc");
  assert.is(await textOf(stream), "abc");
  session.close();
  await listener.close(1_000);
});

test("an expectation that means nothing is ignored on both protocols", async () => {
  const listener = await openTestListener();
  // More than an HTTP/2 stream takes while nobody reads it.
  const body = "a".repeat(100_000);
  const head = `Host: a\r\nContent-Length: ${body.length}\r\nExpect: 200-maybe\r\nConnection: close\r\n\r\n`;
  const peer = connectRaw(listener.port, `POST / HTTP/1.1\r\n${head}${body}`);
  await peer.closed;
  assert.match(peer.text(), /^HTTP\/1.1 200 OK/);
  assert.ok(peer.text().endsWith(body));
  const session = http2.connect(`http://127.0.0.1:${listener.port}`);
  const stream = session.request({ ":method": "POST", expect: "200-maybe" });
  stream.end(body);
  assert.is(await textOf(stream), body);
  session.close();
  await listener.close(1_000);
});

test("CONNECT is rejected on both protocols", async () => {
  const listener = await openTestListener();
  const peer = connectRaw(
    listener.port,
    "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
  );
  await peer.closed;
  assert.match(peer.text(), /^HTTP\/1.1 405 .*\r\n\r\n$/s);
  const session = http2.connect(`http://127.0.0.1:${listener.port}`);
  const tunnel = session.request({ ":method": "CONNECT", ":authority": "a:1" });
  const [headers] = await once(tunnel, "response");
  assert.is(headers[":status"], 405);
  tunnel.end();
  session.close();
  assert.equal(listener.seen, []);
  await listener.close(1_000);
});

test("Upgrade is ignored, and ends the connection so that nothing behind it can be misread", async () => {
  const listener = await openTestListener();
  const upgrade =
    "POST /one HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n" +
    "HTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: 3\r\n\r\nabc";
  const peer = connectRaw(listener.port, `${upgrade}GET /two HTTP/1.1\r\nHost: a\r\n\r\n`);
  await peer.closed;
  assert.match(peer.text(), /^HTTP\/1.1 200 OK.*Connection: close.*\r\n\r\nabc$/s);
  assert.equal(listener.seen, ["POST /one"]);
  await listener.close(1_000);
});

test("a port in use is an error of the opening", async () => {
  const listener = await openTestListener();
  const failure = await openTestListener({ port: listener.port }).catch((error) => error);
  assert.is(failure.code, "EADDRINUSE");
  await listener.close(1_000);
});

test.run();

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
} from "../../support/raw-http2.ts";
import { eventually } from "../../support/wait.ts";

const POST = "POST / HTTP/1.1\r\nHost: a\r\n";
const SECOND = "GET /second HTTP/1.1\r\nHost: a\r\n\r\n";

/** Messages two parsers could read differently. A second request follows each. */
const AMBIGUOUS = [
  {
    name: "Transfer-Encoding and Content-Length",
    bytes: `${POST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  },
  {
    name: "Content-Length and Transfer-Encoding",
    bytes: `${POST}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n`,
  },
  {
    name: "two different Content-Lengths",
    bytes: `${POST}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc`,
  },
  {
    name: "the same Content-Length twice",
    bytes: `${POST}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`,
  },
  { name: "a list of Content-Lengths", bytes: `${POST}Content-Length: 3, 3\r\n\r\nabc` },
  { name: "a signed Content-Length", bytes: `${POST}Content-Length: +3\r\n\r\nabc` },
  { name: "a negative Content-Length", bytes: `${POST}Content-Length: -1\r\n\r\nabc` },
  { name: "a hexadecimal Content-Length", bytes: `${POST}Content-Length: 0x3\r\n\r\nabc` },
  {
    name: "a Content-Length beyond 64 bits",
    bytes: `${POST}Content-Length: 99999999999999999999\r\n\r\nabc`,
  },
  { name: "an unknown transfer coding", bytes: `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n` },
  {
    name: "a transfer coding that does not end in chunked",
    bytes: `${POST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
  },
  { name: "a space before the colon", bytes: `${POST}Content-Length : 3\r\n\r\nabc` },
  {
    name: "bare LF after the request line",
    bytes: "POST / HTTP/1.1\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
  },
  { name: "bare LF after a header", bytes: `${POST}Content-Length: 3\n\r\nabc` },
  { name: "bare LF at the end of the headers", bytes: `${POST}Content-Length: 3\r\n\nabc` },
  { name: "bare CR in a header value", bytes: `${POST}X: a\rContent-Length: 3\r\n\r\nabc` },
  { name: "NUL in a header value", bytes: `${POST}X: a\0b\r\n\r\n` },
  { name: "a folded header", bytes: `${POST}X: a\r\n Content-Length: 3\r\n\r\nabc` },
  { name: "a folded first header", bytes: "POST / HTTP/1.1\r\n X: a\r\nHost: a\r\n\r\n" },
  { name: "a header without a colon", bytes: `${POST}Content-Length\r\n\r\nabc` },
  { name: "a space in the target", bytes: "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n" },
  { name: "an unknown version", bytes: "GET / HTTP/3.7\r\nHost: a\r\n\r\n" },
  { name: "no Host", bytes: "GET / HTTP/1.1\r\n\r\n" },
  ...[
    "Host: a\r\nHost: b",
    "Host: a\r\nhost: a",
    "Host: a\r\nX: 1\r\nHOST: ",
    "Host: a, b",
    "Host: a b",
    "Host: user@a",
    "Host: a/b",
    "Host: a:99999",
    "Host: a:b",
    "Host: [::1",
    "Host: 1.2.3.256",
    "Host: a?b",
    "Host: %zz",
  ].map((lines) => ({ name: JSON.stringify(lines), bytes: `GET / HTTP/1.1\r\n${lines}\r\n\r\n` })),
  { name: "1.0 and two Hosts", bytes: "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n" },
  { name: "two Hosts and a body", bytes: `${POST}Host: b\r\nContent-Length: 3\r\n\r\nabc` },
];

for (const { name, bytes } of AMBIGUOUS) {
  test(`HTTP/1.1 with ${name} is rejected once and nothing after it is read`, async () => {
    const listener = await openTestListener();
    const peer = connectRaw(listener.port, bytes + SECOND);
    await peer.closed;
    assert.match(peer.text(), /^HTTP\/1.1 400 /);
    assert.is(peer.text().match(/HTTP\/1.1/g)?.length, 1);
    assert.equal(
      listener.seen.filter((seen) => seen.endsWith("/second")),
      [],
    );
    await listener.close(1_000);
  });
}

const BAD_CHUNKS = [
  "5\r\nabc",
  "0x3\r\nabc\r\n0\r\n\r\n",
  "3\nabc\r\n0\r\n\r\n",
  "3\r\nabcd\r\n0\r\n\r\n",
  "-1\r\n\r\n",
  "3;\n\r\nabc\r\n0\r\n\r\n",
];
for (const chunk of BAD_CHUNKS) {
  test(`a body of ill-formed chunks (${JSON.stringify(chunk)}) gets one answer and ends the connection`, async () => {
    const listener = await openTestListener();
    const peer = connectRaw(listener.port, `${POST}Transfer-Encoding: chunked\r\n\r\n${chunk}${SECOND}`);
    await peer.closed;
    assert.match(peer.text(), /^HTTP\/1.1 400 /);
    assert.is(peer.text().match(/HTTP\/1.1/g)?.length, 1);
    assert.equal(
      listener.seen.filter((seen) => seen.endsWith("/second")),
      [],
    );
    await listener.close(1_000);
  });
}

test("a malformed request behind a good one leaves the good one its answer", async () => {
  let answer = (): void => undefined;
  const listener = await openTestListener({
    onRequest: (_request, response) => {
      answer = () => void response.end("good");
    },
  });
  const peer = connectRaw(listener.port, "GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET bad\r\n\r\n");
  await eventually(() => listener.seen.length === 1);
  answer();
  await peer.closed;
  assert.match(peer.text(), /^HTTP\/1.1 200 OK.*good$/s);
  await listener.close(1_000);
});

test("a header that is too large is answered with 431", async () => {
  const listener = await openTestListener();
  const peer = connectRaw(listener.port, `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`);
  await peer.closed;
  assert.match(peer.text(), /^HTTP\/1.1 431 /);
  await listener.close(1_000);
});

const GOOD_HOSTS = [
  "",
  "a",
  "A.example:8890",
  "localhost:80",
  "[::1]:8890",
  "192.0.2.1",
  "my_host-1.local:",
  "a.",
];
for (const host of GOOD_HOSTS) {
  test(`HTTP/1.1 with the Host "${host}" is answered`, async () => {
    const listener = await openTestListener();
    const peer = connectRaw(listener.port, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    await peer.closed;
    assert.match(peer.text(), /^HTTP\/1.1 200 /);
    await listener.close(1_000);
  });
}

const AUTHORITIES: readonly (readonly [headers: Record<string, string>, status: number])[] = [
  [{}, 200],
  [{ host: "localhost" }, 200],
  [{ host: "LOCALHOST" }, 200],
  [{ host: "other" }, 400],
  [{ host: "localhost", Host: "localhost" }, 400],
  [{ ":authority": "a b" }, 400],
  [{ ":authority": "" }, 400],
  [{ ":authority": "user@a" }, 400],
];
for (const [headers, status] of AUTHORITIES) {
  test(`HTTP/2 with ${JSON.stringify(headers)} is answered ${status}`, async () => {
    const listener = await openTestListener();
    const peer = connectRawHttp2(listener.port);
    const block = headerBlock("GET", "/", headers);
    // The second host, in the lower case that HTTP/2 demands.
    const lower = Buffer.from(block.toString("latin1").replace("Host", "host"), "latin1");
    peer.send(frame(FRAME.headers, END_HEADERS | END_STREAM, 1, lower));
    await peer.until(({ type }) => type === FRAME.headers || type === FRAME.rstStream);
    assert.is(listener.seen.length, status === 200 ? 1 : 0);
    peer.socket.destroy();
    await listener.close(1_000);
  });
}

test("a request in absolute form is one request with one answer", async () => {
  const listener = await openTestListener();
  const peer = connectRaw(listener.port, "GET http://b/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  await peer.closed;
  assert.is(peer.text().match(/HTTP\/1.1/g)?.length, 1);
  assert.equal(listener.seen, ["GET http://b/x"]);
  await listener.close(1_000);
});

const FORBIDDEN_HTTP2 = [
  { name: "Connection", headers: { connection: "close" } },
  { name: "Transfer-Encoding", headers: { "transfer-encoding": "chunked" } },
  { name: "an upper-case name", headers: { "X-Up": "1" } },
  { name: "a Content-Length that the body does not keep", headers: { "content-length": "3" } },
  { name: "a pseudo-header after the others", headers: { x: "1", ":path2": "/" } },
  { name: "a path with spaces", path: "/a b", headers: {} },
];
for (const { name, path, headers } of FORBIDDEN_HTTP2) {
  test(`HTTP/2 with ${name} never reaches the handler`, async () => {
    const listener = await openTestListener();
    const peer = connectRawHttp2(listener.port);
    const block = headerBlock("GET", path ?? "/", headers);
    peer.send(frame(FRAME.headers, END_HEADERS | END_STREAM, 1, block));
    await peer.until(({ type }) => type === FRAME.rstStream || type === FRAME.goaway);
    assert.equal(listener.seen, []);
    peer.socket.destroy();
    await listener.close(1_000);
  });
}

test("HTTP/2 header values with line breaks or NUL never reach the handler", async () => {
  const received: unknown[] = [];
  const listener = await openTestListener({
    onRequest: ({ headers }, response) => {
      received.push(headers.x, headers.y, headers.b);
      response.end();
    },
  });
  const peer = connectRawHttp2(listener.port);
  const block = headerBlock("GET", "/", { x: "a\r\nb: c", y: "a\0b" });
  peer.send(frame(FRAME.headers, END_HEADERS | END_STREAM, 1, block));
  await peer.until(({ type }) => type === FRAME.headers);
  assert.equal(received, [undefined, undefined, undefined]);
  peer.socket.destroy();
  await listener.close(1_000);
});

test.run();

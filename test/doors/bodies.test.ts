/** Bodies that are too large, too small for what they hold, or meant to stall whoever parses them. */
import { once } from "node:events";
import * as http2 from "node:http2";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { connectRaw } from "../support/open-test-listener.ts";
import { callRaw, envelope, type MediaType } from "../support/raw-rpc.ts";
import { startTestService, WRITER_KEY } from "../support/service.ts";

const SUBMIT = "/mcp.metrics.v1.MetricsService/Submit";
const OPEN_METHODS = ["/mcp.metrics.v1.MetricsService/Health", "/grpc.health.v1.Health/Check"];
const LIMIT = 100_000;
const GOOD = JSON.stringify({ service: "test", metrics: [{ type: "custom", value: 1 }] });

/** What each kind of body is sent to, and how a refusal of it looks over HTTP/1.1. */
const WIRES = [
  { path: "/metrics", type: "application/json", tooLarge: /^HTTP\/1\.1 413 [\s\S]*body_too_large/ },
  { path: SUBMIT, type: "application/json", tooLarge: /^HTTP\/1\.1 429 [\s\S]*body_too_large/ },
  { path: SUBMIT, type: "application/proto", tooLarge: /^HTTP\/1\.1 429 [\s\S]*body_too_large/ },
  { path: SUBMIT, type: "application/grpc-web+proto", tooLarge: /^HTTP\/1\.1 200 [\s\S]*grpc-status: 8\r\n/ },
] as const;

const service = await startTestService({ MAX_REQUEST_SIZE: String(LIMIT) });

test.after(async () => {
  await service.close();
});

interface Wire {
  readonly path: string;
  readonly type: string;
}

function head({ path, type }: Wire, ...more: readonly string[]): string {
  return [`POST ${path} HTTP/1.1`, "Host: metrics", `Content-Type: ${type}`, ...more, "", ""].join("\r\n");
}

const KEY = `X-API-Key: ${WRITER_KEY}`;

for (const wire of WIRES) {
  const name = `${wire.type} to ${wire.path}`;

  test(`a Content-Length over the limit is rejected before a byte of the body is sent: ${name}`, async () => {
    const peer = connectRaw(service.service.port, head(wire, KEY, "Content-Length: 1000000000"));
    await peer.closed;
    assert.match(peer.text(), wire.tooLarge);
    assert.match(peer.text(), /connection: close\r\n/i);
  });

  test(`with Expect: 100-continue it is rejected without asking for the body: ${name}`, async () => {
    const headers = [KEY, "Content-Length: 1000000000", "Expect: 100-continue"];
    const peer = connectRaw(service.service.port, head(wire, ...headers));
    await peer.closed;
    assert.match(peer.text(), wire.tooLarge);
    assert.not.match(peer.text(), /100 Continue/i);
  });

  test(`without a key nobody is asked for a body either: ${name}`, async () => {
    const peer = connectRaw(
      service.service.port,
      head(wire, "Content-Length: 99999", "Expect: 100-continue"),
    );
    await peer.until(/api_key_missing|grpc-status: 16/);
    assert.not.match(peer.text(), /100 Continue/i);
    peer.socket.destroy();
  });

  test(`with Expect: 100-continue a good body is asked for and taken: ${name}`, async () => {
    const peer = connectRaw(
      service.service.port,
      head(wire, KEY, "Content-Length: 3", "Expect: 100-continue"),
    );
    await peer.until(/100 Continue/);
    peer.socket.write("{x}");
    await peer.until(/malformed_body|grpc-status: 3/);
    peer.socket.destroy();
  });

  test(`a body without an announced length is cut at the limit: ${name}`, async () => {
    const peer = connectRaw(service.service.port, head(wire, KEY, "Transfer-Encoding: chunked"));
    const chunk = `1000\r\n${" ".repeat(0x1000)}\r\n`;
    let sent = 0;
    const send = () => {
      while (!peer.socket.destroyed && sent < 100_000_000) {
        sent += chunk.length;
        if (!peer.socket.write(chunk)) return;
      }
    };
    peer.socket.on("drain", send);
    send();
    await peer.closed;
    assert.match(peer.text(), wire.tooLarge);
    assert.ok(sent < 20_000_000, `${sent} bytes were taken`);
  });

  test(`without a key what is in the body does not matter: ${name}`, async () => {
    const { path, type } = wire;
    for (const key of [undefined, "nobody-has-this-key-0001"]) {
      for (const encoding of [undefined, "gzip", "zip"]) {
        const answer = await fetch(service.url + path, {
          method: "POST",
          headers: {
            "content-type": type,
            ...(key !== undefined && { "x-api-key": key }),
            ...(encoding !== undefined && { "content-encoding": encoding, "grpc-encoding": encoding }),
          },
          body: "not what it says",
        });
        const text = (await answer.text()) + answer.headers.get("grpc-status");
        assert.match(text, /api_key_(missing|invalid)|grpc-status: 16|16$/);
      }
    }
  });
}

const ENCODERS = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync } as const;
const BOMB = Buffer.alloc(200_000_000, " ");

for (const [encoding, encode] of Object.entries(ENCODERS)) {
  const bomb = encode(BOMB);

  test(`a ${encoding} bomb is rejected at the limit on every protocol that reads ${encoding}`, async () => {
    const before = process.memoryUsage.rss();
    for (const path of encoding === "deflate" ? ["/metrics"] : ["/metrics", SUBMIT]) {
      const headers = {
        "x-api-key": WRITER_KEY,
        "content-type": "application/json",
        "content-encoding": encoding,
      };
      // The body itself is within the limit only where it is compressed well enough.
      const body = bomb.length > LIMIT ? bomb.subarray(0, LIMIT) : bomb;
      const answer = await fetch(service.url + path, { method: "POST", headers, body });
      assert.is(
        JSON.stringify(await answer.json()).match(/body_too_large|malformed_body/)?.[0],
        "body_too_large",
      );
      assert.is(answer.status, path === SUBMIT ? 429 : 413);
    }
    if (encoding !== "deflate") {
      for (const mediaType of ["application/grpc", "application/grpc-web+proto"] as const) {
        const answer = await callRaw(service.url, {
          path: SUBMIT,
          mediaType,
          headers: { "x-api-key": WRITER_KEY, "grpc-encoding": encoding },
          body: envelope(bomb.subarray(0, LIMIT - 5), 1),
        });
        assert.is(answer.reason, "body_too_large", mediaType);
        assert.is(answer.retryDelaySeconds, undefined);
      }
    }
    assert.ok(process.memoryUsage.rss() - before < 150_000_000, "memory");
  });

  test(`a good body in ${encoding} is taken, and one that is cut short is malformed`, async () => {
    const send = (body: Uint8Array<ArrayBuffer>) =>
      fetch(`${service.url}/metrics`, {
        method: "POST",
        headers: {
          "x-api-key": WRITER_KEY,
          "content-type": "application/json",
          "content-encoding": encoding,
        },
        body,
      });
    const good = new Uint8Array(encode(GOOD));
    assert.is((await send(good)).status, 200);
    const answer = await send(good.subarray(0, good.length - 5));
    assert.is(answer.status, 400);
    assert.is(((await answer.json()) as { error: string }).error, "malformed_body");
  });
}

test("an unknown or repeated coding is rejected on every protocol", async () => {
  for (const encoding of ["zip", "gzip, gzip", "gzip,br", "compress", "identity, gzip"]) {
    const headers = {
      "x-api-key": WRITER_KEY,
      "content-type": "application/json",
      "content-encoding": encoding,
    };
    const rest = await fetch(`${service.url}/metrics`, { method: "POST", headers, body: GOOD });
    assert.is(rest.status, 415, encoding);
    assert.is(((await rest.json()) as { error: string }).error, "unsupported_encoding");
    for (const mediaType of ["application/json", "application/proto", "application/grpc"] as const) {
      const named = { "x-api-key": WRITER_KEY, "content-encoding": encoding, "grpc-encoding": encoding };
      const body = envelope(Buffer.from(GOOD), 1);
      const answer = await callRaw(service.url, { path: SUBMIT, mediaType, headers: named, body });
      assert.is(answer.reason, "unsupported_encoding", `${mediaType} ${encoding}`);
    }
  }
});

test("a body that is said to be something else than JSON is rejected by REST", async () => {
  for (const type of [
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/jsonx",
    "image/json",
    "",
  ]) {
    const headers = { "x-api-key": WRITER_KEY, "content-type": type };
    const { status } = await fetch(`${service.url}/metrics`, { method: "POST", headers, body: GOOD });
    assert.is(status, 415, type);
  }
  for (const type of ["application/json; charset=utf-8", "Application/JSON", "application/vnd.mcp+json"]) {
    const headers = { "x-api-key": WRITER_KEY, "content-type": type };
    const { status } = await fetch(`${service.url}/metrics`, { method: "POST", headers, body: GOOD });
    assert.is(status, 200, type);
  }
});

test("an HTTP/2 upload that was rejected is answered whole and then asked to stop", async () => {
  const session = http2.connect(service.url);
  for (const { path, type } of [...WIRES, { path: SUBMIT, type: "application/grpc" }]) {
    const headers = { "x-api-key": WRITER_KEY, "content-type": type, "content-length": "1000000000" };
    const upload = session.request({ ":method": "POST", ":path": path, ...headers });
    const trailers: http2.IncomingHttpHeaders[] = [];
    upload.on("trailers", (received) => void trailers.push(received));
    upload.write(Buffer.alloc(200_000));
    const chunks: Buffer[] = [];
    for await (const chunk of upload) chunks.push(chunk);
    const answer = Buffer.concat(chunks).toString() + JSON.stringify(trailers);
    assert.match(answer, /body_too_large|grpc-status(: |":")8/, type);
    // The upload has not been ended here: only the service can have ended it.
    if (!upload.closed) await once(upload, "close");
    assert.is(upload.rstCode, http2.constants.NGHTTP2_NO_ERROR);
  }
  session.close();
});

test("what anybody may call takes small messages only", async () => {
  const mediaTypes: readonly MediaType[] = ["application/json", "application/proto", "application/grpc"];
  for (const mediaType of mediaTypes) {
    const message =
      mediaType === "application/json" ? Buffer.alloc(20_000, " ") : Buffer.alloc(20_000, "\x08\x01");
    const body = mediaType === "application/grpc" ? envelope(message) : message;
    for (const path of OPEN_METHODS) {
      const answer = await callRaw(service.url, { path, mediaType, body });
      assert.is(answer.reason, "body_too_large", `${path} ${mediaType}`);
    }
  }
});

test("after everything above the service still takes metrics", async () => {
  const headers = { "x-api-key": WRITER_KEY, "content-type": "application/json" };
  const answer = await fetch(`${service.url}/metrics`, { method: "POST", headers, body: GOOD });
  assert.is(answer.status, 200);
  assert.equal(
    service.logs.filter(({ level }) => level === "ERROR"),
    [],
  );
});

test.run();

/** gRPC-Web as Google's generator makes it by default: everything in base64, both ways. */
import * as http from "node:http";
import { create, fromBinary, fromJsonString, toBinary, toJsonString } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SubmitRequestSchema, SubmitResponseSchema } from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { WRITER } from "../support/http.ts";
import { callRaw, envelope, type MediaType, messageIn, type RawAnswer } from "../support/raw-rpc.ts";
import { startTestService } from "../support/service.ts";

const LIMIT = 100_000;
const service = await startTestService({ MAX_REQUEST_SIZE: String(LIMIT) });

test.after(async () => {
  await service.close();
});

const SUBMIT = "/mcp.metrics.v1.MetricsService/Submit";
const TYPES: readonly MediaType[] = [
  "application/grpc-web-text",
  "application/grpc-web-text+proto",
  "application/grpc-web-text+json",
];

/** A submission of a good metric and, where asked for, a bad one. */
function bodyOf(mediaType: MediaType, ...more: readonly object[]): Uint8Array {
  const metrics = [{ type: "custom", value: 1 }, ...more];
  const message = create(SubmitRequestSchema, { service: "test", metrics });
  return envelope(
    mediaType.endsWith("json")
      ? Buffer.from(toJsonString(SubmitRequestSchema, message))
      : toBinary(SubmitRequestSchema, message),
  );
}

const text = (bytes: Uint8Array) => Buffer.from(Buffer.from(bytes).toString("base64"), "latin1");
/** Pieces of some bytes, each encoded and padded by itself. */
const pieces = (bytes: Uint8Array, length: number) =>
  Buffer.concat(
    Array.from({ length: Math.ceil(bytes.length / length) }, (_, at) =>
      text(bytes.subarray(at * length, (at + 1) * length)),
    ),
  );

function responseIn(answer: RawAnswer, mediaType: MediaType) {
  const message = messageIn(answer);
  return mediaType.endsWith("json")
    ? fromJsonString(SubmitResponseSchema, message.toString())
    : fromBinary(SubmitResponseSchema, message);
}

const submit = (mediaType: MediaType, body: Uint8Array, headers = {}) =>
  callRaw(service.url, { path: SUBMIT, mediaType, headers: { ...WRITER, ...headers }, body });

for (const mediaType of TYPES) {
  test(`${mediaType}: a call is answered in text, its trailers too`, async () => {
    for (const [name, body] of Object.entries({
      whole: text(bodyOf(mediaType, { type: "no", value: 1 })),
      "in pieces of 1": pieces(bodyOf(mediaType, { type: "no", value: 1 }), 1),
      "in pieces of 5": pieces(bodyOf(mediaType, { type: "no", value: 1 }), 5),
      "in pieces of 6": pieces(bodyOf(mediaType, { type: "no", value: 1 }), 6),
    })) {
      const answer = await submit(mediaType, body);
      assert.is(answer.code, undefined, `${name}: ${answer.message}`);
      const codec = mediaType.endsWith("json") ? "json" : "proto";
      assert.is(answer.headers["content-type"], `application/grpc-web-text+${codec}`);
      assert.is(answer.trailers["grpc-status"], "0");
      const { accepted, rejections } = responseIn(answer, mediaType);
      assert.equal([accepted, rejections[0]?.index, rejections[0]?.reason], [1, 1, "unknown_type"], name);
    }
  });

  test(`${mediaType}: failures come with their code, their text and their details`, async () => {
    const good = text(bodyOf(mediaType));
    const bad = text(envelope(Buffer.from("\xff{", "latin1")));
    for (const [headers, body, code, reason] of [
      [{ "x-api-key": "" }, good, Code.Unauthenticated, "api_key_missing"],
      [{ "grpc-timeout": "0m" }, bad, Code.InvalidArgument, "malformed_body"],
      [{ "grpc-encoding": "zip" }, good, Code.Unimplemented, "unsupported_encoding"],
      [{}, bad, Code.InvalidArgument, "malformed_body"],
      [{}, Buffer.from("AAA"), Code.InvalidArgument, "malformed_body"],
      [{}, Buffer.from("not base64!!"), Code.InvalidArgument, "malformed_body"],
      [{}, Buffer.from("====AAAA"), Code.InvalidArgument, "malformed_body"],
      [{}, Buffer.from("A=AAAAAA"), Code.InvalidArgument, "malformed_body"],
      [{}, text(envelope(Buffer.alloc(LIMIT + 1))), Code.ResourceExhausted, "body_too_large"],
    ] as const) {
      const answer = await submit(mediaType, body, headers);
      assert.equal([answer.code, answer.reason], [code, reason], answer.message);
      assert.ok(answer.message.length > 0);
    }
  });

  test(`${mediaType}: a deadline of hours is served`, async () => {
    const answer = await submit(mediaType, text(bodyOf(mediaType)), { "grpc-timeout": "10000S" });
    assert.is(answer.code, undefined, answer.message);
  });
}

test("a body is taken up to the limit of its bytes, a third of which is not lost to base64", async () => {
  const message = (bytes: number) => {
    const json = JSON.stringify({ service: "test", metrics: [{ type: "custom", value: 1 }] });
    return text(envelope(Buffer.from(json.padEnd(bytes))));
  };
  for (const length of [true, false]) {
    const send = (bytes: number) => {
      const body = message(bytes);
      const headers = length ? { "content-length": String(body.length) } : {};
      return submit("application/grpc-web-text+json", body, headers);
    };
    assert.is((await send(LIMIT)).code, undefined);
    assert.is((await send(LIMIT + 1)).reason, "body_too_large");
  }
});

test("any spelling of the media type that HTTP allows is the same", async () => {
  for (const type of [
    "application/grpc-web-text; charset=utf-8",
    "Application/GRPC-Web-Text",
    "application/grpc-web-text+proto;charset=utf-8",
  ]) {
    const body = text(bodyOf("application/grpc-web-text"));
    const answer = await fetch(service.url + SUBMIT, {
      method: "POST",
      headers: { ...WRITER, "content-type": type, accept: "application/grpc-web-text", "x-grpc-web": "1" },
      body: Buffer.from(body),
    });
    assert.is(answer.status, 200, type);
    assert.match(Buffer.from(await answer.text(), "base64").toString("latin1"), "req_");
  }
});

test("an RPC that is not served says so in text", async () => {
  const path = "/mcp.metrics.v1.MetricsService/NoSuch";
  const answer = await callRaw(service.url, {
    path,
    mediaType: "application/grpc-web-text",
    body: text(envelope(Buffer.alloc(0))),
  });
  assert.equal(
    [answer.code, answer.reason, answer.message],
    [Code.Unimplemented, "unimplemented", "unknown RPC"],
  );
});

test("a stream sends each message when there is one, not when it has ended", async () => {
  const request = http.request(`${service.url}/grpc.health.v1.Health/Watch`, {
    method: "POST",
    headers: { "content-type": "application/grpc-web-text" },
  });
  request.end(text(envelope(Buffer.alloc(0))));
  const [first] = await new Promise<Buffer[]>((resolve, reject) => {
    request.once("response", (response) => response.once("data", (chunk: Buffer) => resolve([chunk])));
    request.once("error", reject);
  });
  // SERVING, and the stream is still open.
  assert.equal([...Buffer.from(String(first), "base64")], [0, 0, 0, 0, 2, 8, 1]);
  request.destroy();
});

test.run();

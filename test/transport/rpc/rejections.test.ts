import { gzipSync } from "node:zlib";
import { Code } from "@connectrpc/connect";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  binary,
  encoded,
  goodBody,
  json,
  READ_BYTES_MAX,
  SUBMIT,
  startFailingService,
  UNARY,
} from "../../support/failing-service.ts";
import { envelope, type MediaType, type RawCall } from "../../support/raw-rpc.ts";

interface Refusal {
  readonly name: string;
  /** What differs from a good call. */
  readonly send: (mediaType: MediaType) => Partial<RawCall>;
  /** The media types that can be wrong in this way. */
  readonly only?: RegExp;
  readonly code: Code;
  readonly reason: string;
  readonly message: RegExp;
}

const large = Buffer.alloc(READ_BYTES_MAX * 5, " ");
const withHeaders = (headers: Record<string, string>) => () => ({ headers });

const refusals: readonly Refusal[] = [
  {
    name: "bytes that are not a message",
    send: (mediaType) => encoded(mediaType, Buffer.from("\xff\xff\xff{", "latin1")),
    code: Code.InvalidArgument,
    reason: "malformed_body",
    message: /^body is not valid protobuf$|JSON/,
  },
  {
    name: "a field of the wrong type in JSON",
    only: /json/,
    send: (mediaType) => encoded(mediaType, Buffer.from('{"service": {"a": 1}}')),
    code: Code.InvalidArgument,
    reason: "malformed_body",
    message: /service from JSON/,
  },
  {
    name: "a message over the limit",
    send: (mediaType) => encoded(mediaType, large),
    code: Code.ResourceExhausted,
    reason: "body_too_large",
    message: /^body is larger than 1000 bytes$/,
  },
  {
    name: "a message over the limit once decompressed",
    send: (mediaType) => encoded(mediaType, gzipSync(large), true),
    code: Code.ResourceExhausted,
    reason: "body_too_large",
    message: /^body is larger than 1000 bytes$/,
  },
  {
    name: "gzip that is not gzip",
    send: (mediaType) => encoded(mediaType, Buffer.from("not gzip"), true),
    code: Code.InvalidArgument,
    reason: "malformed_body",
    message: /^decompression failed$/,
  },
  {
    name: "gzip that is cut short",
    send: (mediaType) => encoded(mediaType, gzipSync(json).subarray(0, 20), true),
    code: Code.InvalidArgument,
    reason: "malformed_body",
    message: /^decompression failed$/,
  },
  {
    name: "an unknown compression",
    send: withHeaders({ "content-encoding": "zip", "grpc-encoding": "zip" }),
    code: Code.Unimplemented,
    reason: "unsupported_encoding",
    message: /^unknown compression "zip"/,
  },
  {
    name: "a compressed message without a compression",
    only: /grpc/,
    send: () => ({ body: envelope(gzipSync(binary), 1) }),
    code: Code.InvalidArgument,
    reason: "malformed_body",
    message: /^received compressed envelope/,
  },
  {
    name: "an envelope that is cut short",
    only: /grpc/,
    send: () => ({ body: envelope(binary).subarray(0, 8) }),
    code: Code.InvalidArgument,
    reason: "malformed_body",
    message: /incomplete envelope/,
  },
  {
    name: "no message at all",
    only: /grpc/,
    send: () => ({ body: new Uint8Array() }),
    code: Code.Unimplemented,
    reason: "unimplemented",
    message: /missing input message/,
  },
  {
    name: "two messages for a unary call",
    only: /grpc/,
    send: (mediaType) => ({
      body: Buffer.concat([goodBody(mediaType), goodBody(mediaType)]),
    }),
    code: Code.Unimplemented,
    reason: "unimplemented",
    message: /extra input message/,
  },
  {
    name: "a timeout that is not one",
    send: withHeaders({ "connect-timeout-ms": "soon", "grpc-timeout": "soon" }),
    code: Code.InvalidArgument,
    reason: "malformed_body",
    message: /timeout/,
  },
  {
    name: "a malformed message whose deadline has passed",
    send: (mediaType) => ({
      ...encoded(mediaType, Buffer.from("\xff{", "latin1")),
      headers: { "connect-timeout-ms": "0", "grpc-timeout": "0m" },
    }),
    code: Code.InvalidArgument,
    reason: "malformed_body",
    message: /protobuf|JSON/,
  },
  {
    name: "a deadline that has passed",
    send: withHeaders({ "connect-timeout-ms": "0", "grpc-timeout": "0m", "x-fault": "deadline" }),
    code: Code.DeadlineExceeded,
    reason: "deadline_exceeded",
    message: /^the deadline has passed$/,
  },
  {
    name: "a caller the gate turns away",
    send: withHeaders({ "x-gate": "1" }),
    code: Code.Unauthenticated,
    reason: "api_key_invalid",
    message: /^Invalid API key$/,
  },
  {
    name: "a bug",
    send: withHeaders({ "x-fault": "bug" }),
    code: Code.Internal,
    reason: "internal",
    message: /^internal error$/,
  },
  {
    name: "an answer that cannot be serialised",
    only: /proto|grpc$/,
    send: withHeaders({ "x-unserialisable": "1" }),
    code: Code.Internal,
    reason: "internal",
    message: /^internal error$/,
  },
];

for (const refusal of refusals) {
  test(`${refusal.name} is ${refusal.reason} in every protocol`, async () => {
    const { server, failures, call } = await startFailingService();
    const mediaTypes = UNARY.filter((mediaType) => refusal.only?.test(mediaType) ?? true);
    for (const mediaType of mediaTypes) {
      const answer = await call({
        path: SUBMIT,
        mediaType,
        body: goodBody(mediaType),
        ...refusal.send(mediaType),
      });
      assert.is(answer.code, refusal.code, `${mediaType}: ${answer.message}`);
      assert.is(answer.reason, refusal.reason, mediaType);
      assert.is(answer.domain, "mcp.metrics", mediaType);
      assert.match(answer.message, refusal.message);
      const isRetryable = refusal.reason === "deadline_exceeded";
      assert.is(answer.retryDelaySeconds, isRetryable ? 1 : undefined, mediaType);
    }
    assert.is(failures.length, mediaTypes.length, "each failure is reported once");
    await server.close();
  });
}

test.run();

import { brotliCompressSync, constants, deflateSync, gzipSync } from "node:zlib";
import type { Random } from "../../bench/random.ts";
import { noise } from "./fuzz-mutate.ts";

/** By default Brotli takes half a minute for the largest bodies, and neighbours wait for this process. */
const FAST = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };

/** The five-byte prefix of gRPC and gRPC-Web, right. */
export function envelope(message: Buffer, flags = 0, length = message.length): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flags;
  prefix.writeUInt32BE(length >>> 0, 1);
  return Buffer.concat([prefix, message]);
}

/** The same prefix, wrong in one way. */
export function brokenEnvelope(random: Random, message: Buffer): { name: string; bytes: Buffer } {
  const choices: Readonly<Record<string, () => Buffer>> = {
    "flag-compressed": () => envelope(message, 1),
    "flag-trailer": () => envelope(message, 0x80),
    "flag-any": () => envelope(message, random.below(256)),
    "length-over": () => envelope(message, 0, message.length + 1 + random.below(1000)),
    "length-under": () => envelope(message, 0, Math.max(0, message.length - 1 - random.below(20))),
    "length-max": () => envelope(message, 0, 0xffffffff),
    "two-messages": () => Buffer.concat([envelope(message), envelope(message)]),
    "no-message": () => Buffer.alloc(0),
    "prefix-only": () => envelope(message).subarray(0, random.below(6)),
    "empty-message": () => envelope(Buffer.alloc(0)),
    "trailing-noise": () => Buffer.concat([envelope(message), noise(random, 1 + random.below(10))]),
    "compressed-noise": () => envelope(noise(random, 50), 1),
    "compressed-right": () => envelope(gzipSync(message), 1),
  };
  const name = random.pick(Object.keys(choices));
  return { name, bytes: (choices[name] ?? Buffer.alloc)(0) };
}

/** A body that claims a content coding, or has one. */
export function encodeBody(random: Random, body: Buffer): { name: string; coding: string; bytes: Buffer } {
  const choices = [
    { name: "gzip", coding: "gzip", bytes: gzipSync(body) },
    { name: "brotli", coding: "br", bytes: brotliCompressSync(body, FAST) },
    { name: "deflate", coding: "deflate", bytes: deflateSync(body) },
    { name: "gzip-claimed", coding: "gzip", bytes: body },
    { name: "gzip-cut", coding: "gzip", bytes: gzipSync(body).subarray(0, -5) },
    { name: "gzip-trailing", coding: "gzip", bytes: Buffer.concat([gzipSync(body), noise(random, 9)]) },
    { name: "gzip-twice", coding: "gzip, gzip", bytes: gzipSync(gzipSync(body)) },
    { name: "gzip-bomb", coding: "gzip", bytes: BOMB },
    {
      name: "coding-unknown",
      coding: random.pick(["zstd", "x", "gzip;q=1", "", "GZIP", "identity"]),
      bytes: body,
    },
  ];
  return random.pick(choices);
}

/** 64 MB of spaces in 64 KB. */
const BOMB = gzipSync(Buffer.alloc(64 * 2 ** 20, 0x20), { level: 9 });

/** Header lines no client should send. `\xNN` are bytes. */
export const ODD_HEADERS: readonly (readonly [string, string])[] = [
  ["content-type", ""],
  ["content-type", "text/plain"],
  ["content-type", "application/json; charset=utf-16"],
  ["content-type", "application/json;;;="],
  ["content-type", "APPLICATION/JSON"],
  ["content-type", "application/grpc+"],
  ["content-type", "application/grpc+json"],
  ["content-type", "application/grpc-web-text"],
  ["content-type", "application/connect+proto"],
  ["content-type", "multipart/form-data; boundary=x"],
  ["content-type", `application/json; x=${"y".repeat(4000)}`],
  ["content-type", "application/\xff"],
  ["te", "trailers, gzip;q=0"],
  ["te", "gzip"],
  ["accept", "\xe9"],
  ["accept-encoding", ",,;q=-1"],
  ["grpc-encoding", "gzip"],
  ["grpc-encoding", "nope"],
  ["grpc-accept-encoding", "nope"],
  ["connect-protocol-version", "99"],
  ["connect-accept-encoding", "nope"],
  ["connect-content-encoding", "nope"],
  ["grpc-timeout", "1x"],
  ["grpc-timeout", "99999999999H"],
  ["grpc-timeout", "-1S"],
  ["connect-timeout-ms", "abc"],
  ["connect-timeout-ms", "-1"],
  ["connect-timeout-ms", "99999999999999"],
  ["idempotency-key", ""],
  ["idempotency-key", "k\xe9y"],
  ["idempotency-key", "k".repeat(256)],
  ["idempotency-key", "a, b"],
  ["x-request-id", '\xff"{}'],
  ["x-big", "b".repeat(12_000)],
  ["x-bigger", "b".repeat(70_000)],
  ["x-metadata-bin", "not base64!"],
  ["authorization", "Bearer"],
  ["authorization", "Basic \xff"],
  ["expect", "200-maybe"],
  ["origin", "https://evil.example\xff"],
  ["cookie", "a=b; a=b; \xff"],
  ["x-http-method-override", "DELETE"],
  ["x-forwarded-for", "\xff, 1.2.3.4"],
];

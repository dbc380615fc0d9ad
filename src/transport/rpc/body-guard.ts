/**
 * Between the network and Connect's decoders, which have no bound but the size of a message.
 *
 * Bodies are scanned as they pass; what is compressed is scanned once it is decompressed, for which
 * the guard of the call travels along with it.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Compression, UniversalHandler } from "@connectrpc/connect/protocol";
import { decompressInTurn } from "../http/decompression.ts";
import type { Exchange } from "../http/exchange.ts";
import { JsonGuard, SCAN_FROM_BYTES } from "../http/json-guard.ts";
import type { Body } from "./grpc-web-text.ts";
import { shapeOf, WireGuard } from "./wire-guard.ts";

/** Sees a message in pieces, and throws when decoding it would stall the service. */
export interface Guard {
  /** @throws {ServiceError} `malformed_body` as soon as the message would cost too much. */
  push(bytes: Uint8Array): void;
}

/** A guard for the next message. */
export type CreateGuard = () => Guard;

/** What travels with the call: Connect decompresses where no context is at hand. */
interface GuardedCall {
  readonly exchange: Exchange;
  readonly createGuard: CreateGuard;
}

const guardedCalls = new AsyncLocalStorage<GuardedCall>();

/** How the messages of a call are guardedCompression, by their `content-type`, or the URL of a Connect GET. */
export function guardFor(
  { method }: UniversalHandler,
  contentType: string | undefined,
  url: string,
): CreateGuard {
  const isJson = contentType === undefined ? /[?&]encoding=json\b/.test(url) : /\bjson\b/i.test(contentType);
  return isJson ? () => new JsonGuard() : () => new WireGuard(shapeOf(method.input));
}

/** Run a call; what `guardedCompression` compressions decompress for it goes through its guard. */
export function withGuard<Result>(call: GuardedCall, run: () => Result): Result {
  return guardedCalls.run(call, run);
}

/** The same compression for calls that run `withGuard`. */
export function guardedCompression(compression: Compression): Compression {
  return {
    ...compression,
    async decompress(bytes, readMaxBytes) {
      const message = await decompressInTurn(() => compression.decompress(bytes, readMaxBytes));
      const call = guardedCalls.getStore();
      call?.exchange.place?.add(message.length);
      if (message.length > SCAN_FROM_BYTES) call?.createGuard().push(message);
      return message;
    },
  };
}

/** Pass a body on that is one message. */
export async function* guardMessage(body: Body, createGuard: CreateGuard): Body {
  const guard = createGuard();
  for await (const chunk of body) {
    guard.push(chunk);
    yield chunk;
  }
}

/** Of an envelope: flags and length. */
const HEAD_BYTES = 5;
/** Set where the message is compressed, and can be scanned only once it is not. */
const COMPRESSED_FLAG = 1;

/**
 * Pass a body on that holds messages in envelopes, as gRPC, gRPC-Web and streaming Connect frame them:
 * one byte of flags and four of length, then the message.
 */
export async function* guardEnvelopes(body: Body, createGuard: CreateGuard): Body {
  let head: number[] = [];
  let left = 0;
  let guard: Guard | undefined;
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; ) {
      if (left === 0) {
        head.push(chunk[at] ?? 0);
        at += 1;
        if (head.length < HEAD_BYTES) continue;
        left = Buffer.from(head).readUInt32BE(1);
        const isScanned = left > SCAN_FROM_BYTES && ((head[0] ?? 0) & COMPRESSED_FLAG) === 0;
        guard = isScanned ? createGuard() : undefined;
        head = [];
        continue;
      }
      const part = chunk.subarray(at, at + left);
      guard?.push(part);
      at += part.length;
      left -= part.length;
    }
    yield chunk;
  }
}

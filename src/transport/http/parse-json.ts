/**
 * JSON bodies. Text that is no Unicode is repaired, and NaN and Infinity are taken, for whoever validates the values
 * to reject. Large bodies are scanned first for what would take too long or too much, and then parsed piece by
 * piece: one at a time, so that the memory of a single one is taken while nothing of it has been validated.
 */
import { setImmediate } from "node:timers/promises";
import type { JsonValue } from "@bufbuild/protobuf";
import { ServiceError } from "../../errors.ts";
import { createKeyedMutex } from "../../lib/keyed-mutex.ts";
import { JsonGuard, SCAN_FROM_BYTES } from "./json-guard.ts";
import { parseWithNonFinite, spellNonFinite } from "./non-finite.ts";
import { type ParsedJson, parsePiecewise } from "./piecewise-json.ts";
import { jsonDecoder } from "./text.ts";

/** Scanned between two yields to the event loop: a few milliseconds, whatever they are. */
const BYTES_PER_SCAN = 256 * 1024;
const NOTHING_LARGE: ReadonlySet<unknown> = new Set();

/** @throws {ServiceError} `malformed_body` */
export async function parseJson(body: Buffer): Promise<unknown> {
  return (await parse(body, parseWithNonFinite)).value;
}

/** JSON for the decoder of Protobuf messages. */
export interface MessageJson extends ParsedJson {
  readonly value: JsonValue;
}

/** The same for the decoder of Protobuf messages, which takes NaN and Infinity as text. */
export async function parseMessageJson(body: Buffer): Promise<MessageJson> {
  return (await parse(body, (text) => JSON.parse(spellNonFinite(text)))) as MessageJson;
}

async function parse(body: Buffer, readOdd: (text: string) => unknown): Promise<ParsedJson> {
  // What is no JSON has such words, or is no JSON.
  const read = (text: string) => {
    try {
      return JSON.parse(text);
    } catch {
      return readOdd(text);
    }
  };
  try {
    if (body.length > SCAN_FROM_BYTES) return await runExclusive("", () => parseLarge(body, read));
    return { value: read(jsonDecoder.decode(body)), large: NOTHING_LARGE };
  } catch (cause) {
    if (cause instanceof ServiceError) throw cause;
    throw new ServiceError("malformed_body", "body is not valid JSON", { cause });
  }
}

const runExclusive = createKeyedMutex();

async function parseLarge(body: Buffer, read: (text: string) => unknown): Promise<ParsedJson> {
  const guard = new JsonGuard();
  for (let at = 0; at < body.length; at += BYTES_PER_SCAN) {
    guard.push(body.subarray(at, at + BYTES_PER_SCAN));
    await setImmediate();
  }
  return parsePiecewise(body, read);
}

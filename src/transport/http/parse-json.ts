/**
 * JSON bodies. Text that is no Unicode is repaired, and NaN and Infinity are taken, for whoever validates the values
 * to reject. Large bodies are scanned first for what would take too long or too much, and then parsed piece by piece.
 */
import type { JsonValue } from "@bufbuild/protobuf";
import { ServiceError } from "../../errors.ts";
import { createKeyedMutex } from "../../lib/keyed-mutex.ts";
import { JsonGuard, pushInTurns, SCAN_FROM_BYTES } from "./json-guard.ts";
import { parseWithNonFinite, spellNonFinite } from "./non-finite.ts";
import { type ParsedJson, parsePiecewise } from "./piecewise-json.ts";
import { jsonDecoder } from "./text.ts";

const NOTHING_LARGE: ReadonlySet<unknown> = new Set();

const runExclusive = createKeyedMutex();

/**
 * Read a body, when it is its turn if that is large: of what several bodies become, all would be in memory before
 * the first is whole. Not to be called within `read`.
 */
export function readInTurn<Result>(body: Buffer, read: () => Promise<Result>): Promise<Result> {
  return body.length > SCAN_FROM_BYTES ? runExclusive("", read) : read();
}

/** The value, in turn. @throws {ServiceError} `malformed_body` */
export async function parseJson(body: Buffer): Promise<unknown> {
  return (await readInTurn(body, () => parse(body, parseWithNonFinite))).value;
}

/** JSON for the decoder of Protobuf messages. */
export interface MessageJson extends ParsedJson {
  readonly value: JsonValue;
}

/** The same for the decoder of Protobuf messages, which takes NaN and Infinity as text. To be called in turn. */
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
    if (body.length > SCAN_FROM_BYTES) return await parseLarge(body, read);
    return { value: read(jsonDecoder.decode(body)), large: NOTHING_LARGE };
  } catch (cause) {
    if (cause instanceof ServiceError) throw cause;
    throw new ServiceError("malformed_body", "body is not valid JSON", { cause });
  }
}

async function parseLarge(body: Buffer, read: (text: string) => unknown): Promise<ParsedJson> {
  await pushInTurns(new JsonGuard(), body);
  return parsePiecewise(body, read);
}

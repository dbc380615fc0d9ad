import { setImmediate } from "node:timers/promises";
import {
  type DescField,
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
} from "@bufbuild/protobuf";
import type { Violation } from "../../../errors.ts";
import { quote } from "../../../ingest/text.ts";
import { isRecord } from "../../../lib/json.ts";
import type { MessageJson } from "../../http/parse-json.ts";

/** Messages within messages: that of an attribute's value is the eighth. What is deeper is left out. */
const DEPTH_MAX = 12;
/** Odd fields of a request that is sound otherwise. */
const ODD_MAX = 10_000;
/** Messages between two yields to the event loop: a few milliseconds. */
const MESSAGES_PER_YIELD = 500;

/** JSON that can be decoded, and what of it could not. */
interface SoundJson extends MessageJson {
  readonly leftOut: readonly Violation[];
}

/**
 * A request's JSON without the fields that are not of their type, for which the decoder fails it as a whole:
 * `"asInt": "1.5"` of one point would cost all others. Undefined where it is no request at all. To be called
 * for what does not decode; takes several times as long as decoding it would, in short turns.
 */
export async function soundJson(
  request: DescMessage,
  { value: json, large }: MessageJson,
): Promise<SoundJson | undefined> {
  if (!isRecord(json)) return undefined;
  const walk = new SoundWalk(request, large);
  const value = await walk.message(request, json as JsonObject, 1);
  return walk.isRequest ? { value, large: walk.large, leftOut: walk.leftOut } : undefined;
}

/** One walk through a request, from which every field is decoded by itself. */
class SoundWalk {
  readonly leftOut: Violation[] = [];
  /** What stands for something large. */
  readonly large = new Set<unknown>();
  /** Whether the outermost message is whole, and not too much within it is odd. */
  isRequest = true;
  readonly #request: DescMessage;
  readonly #largeSent: ReadonlySet<unknown>;
  #messages = 0;

  constructor(request: DescMessage, largeSent: ReadonlySet<unknown>) {
    this.#request = request;
    this.#largeSent = largeSent;
  }

  /** Of two fields of which only one may be there the first stays. */
  async message(desc: DescMessage, json: JsonObject, depth: number): Promise<JsonObject> {
    this.#messages += 1;
    if (this.#messages % MESSAGES_PER_YIELD === 0) await setImmediate();
    const kept: [string, JsonValue][] = [];
    const taken = new Set<unknown>();
    for (const [key, value] of Object.entries(json)) {
      const field = desc.fields.find(({ name, jsonName }) => name === key || jsonName === key);
      if (field === undefined || value === null || !this.isRequest) continue;
      const place = field.oneof ?? field;
      const sound = taken.has(place) ? undefined : await this.#field(field, value, depth);
      if (sound === undefined) this.#leave(desc, key, value);
      else {
        kept.push([key, sound]);
        taken.add(place);
      }
    }
    return this.#sameSize(json, Object.fromEntries(kept));
  }

  /** Undefined where nothing of it can be decoded. */
  async #field(field: DescField, value: JsonValue, depth: number): Promise<JsonValue | undefined> {
    const { message, fieldKind, parent, jsonName } = field;
    if (message === undefined) return decodes(parent, { [jsonName]: value }) ? value : undefined;
    if (depth === DEPTH_MAX) return undefined;
    if (fieldKind === "message")
      return isRecord(value) ? this.message(message, value as JsonObject, depth + 1) : undefined;
    if (!Array.isArray(value)) return undefined;
    const elements: JsonObject[] = [];
    for (const element of value) elements.push(await this.#element(message, element, depth));
    return this.#sameSize(value, elements);
  }

  #sameSize<Sound>(sent: unknown, sound: Sound): Sound {
    if (this.#largeSent.has(sent)) this.large.add(sound);
    return sound;
  }

  /** What is no message becomes an empty one: a point of which nothing is left is rejected by itself. */
  async #element(desc: DescMessage, value: JsonValue, depth: number): Promise<JsonObject> {
    if (isRecord(value)) return this.message(desc, value as JsonObject, depth + 1);
    this.#leave(desc, "", value);
    return {};
  }

  #leave(desc: DescMessage, key: string, value: JsonValue): void {
    if (desc === this.#request || this.leftOut.length === ODD_MAX) this.isRequest = false;
    const message = `${key === "" ? desc.name : `${desc.name}.${key}`} cannot be ${quote(value)}`;
    this.leftOut.push({ field: "json", reason: "invalid", message });
  }
}

function decodes(desc: DescMessage, json: JsonValue): boolean {
  try {
    fromJson(desc, json, { ignoreUnknownFields: true });
    return true;
  } catch {
    return false;
  }
}

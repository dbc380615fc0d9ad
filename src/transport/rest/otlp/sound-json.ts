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

/** Messages within messages: that of an attribute's value is the eighth. What is odd below costs all of it. */
const DEPTH_MAX = 12;

/** JSON that can be decoded, and what of it could not. */
interface SoundJson {
  readonly json: JsonValue;
  readonly leftOut: readonly Violation[];
}

/**
 * A request's JSON without the fields that are not of their type, for which the decoder fails it as a whole:
 * `"asInt": "1.5"` of one point would cost all others. Undefined where it is no request at all. To be called
 * for what does not decode.
 *
 * Looks only into what does not decode, so that all of it is decoded a few times a level.
 */
export function soundJson(request: DescMessage, json: JsonValue): SoundJson | undefined {
  if (!isRecord(json)) return undefined;
  const leftOut: Violation[] = [];
  let isRequest = true;
  const leave: Leave = (desc, key, value) => {
    if (desc === request) isRequest = false;
    const message = `${key === "" ? desc.name : `${desc.name}.${key}`} cannot be ${quote(value)}`;
    leftOut.push({ field: "json", reason: "invalid", message });
  };
  const sound = soundMessage(request, json, leave, 1);
  return isRequest ? { json: sound, leftOut } : undefined;
}

/** Told of each member that is left out, and of what is no message at all, whose key is ''. */
type Leave = (desc: DescMessage, key: string, value: JsonValue) => void;

/** What is no message becomes an empty one: a point of which nothing is left is rejected by itself. */
function soundMessage(desc: DescMessage, json: JsonValue, leave: Leave, depth: number): JsonValue {
  if (decodes(desc, json)) return json;
  let kept: JsonObject = {};
  if (!isRecord(json)) leave(desc, "", json);
  else
    for (const [key, value] of Object.entries(json) as [string, JsonValue][]) {
      const field = desc.fields.find(({ name, jsonName }) => name === key || jsonName === key);
      if (field === undefined) continue;
      const sound = decodes(desc, { [key]: value }) ? value : soundField(field, value, leave, depth);
      const more = sound === undefined ? undefined : { ...kept, [key]: sound };
      // Two fields of which only one may be there decode each by itself.
      if (more !== undefined && decodes(desc, more)) kept = more;
      else leave(desc, key, value);
    }
  return kept;
}

/** Undefined for a field that is no message, or a list of them. */
function soundField(
  { message, fieldKind }: DescField,
  value: JsonValue,
  leave: Leave,
  depth: number,
): JsonValue | undefined {
  if (message === undefined || depth === DEPTH_MAX) return undefined;
  if (fieldKind === "message") return soundMessage(message, value, leave, depth + 1);
  if (!Array.isArray(value)) return undefined;
  return value.map((element) => soundMessage(message, element, leave, depth + 1));
}

function decodes(desc: DescMessage, json: JsonValue): boolean {
  try {
    fromJson(desc, json, { ignoreUnknownFields: true });
    return true;
  } catch {
    return false;
  }
}

import { setImmediate } from "node:timers/promises";
import {
  create,
  type DescField,
  type DescMessage,
  type JsonObject,
  type JsonValue,
  type Message,
  type MessageShape,
  mergeFromJson,
} from "@bufbuild/protobuf";
import { isRecord } from "../../lib/json.ts";
import type { MessageJson } from "../http/parse-json.ts";

/** Elements of a list, or entries of a map, between two yields to the event loop: a few milliseconds. */
const ELEMENTS_PER_YIELD = 32;
/** Unknown fields are ignored, as Connect does it. */
const OPTIONS = { ignoreUnknownFields: true };

/**
 * A message from its JSON. One that is large is decoded in parts, with yields to the event loop, to the same
 * message: what makes it large are lists and maps, which are merged into it a few elements at a time.
 *
 * @throws {Error} of protobuf-es. Where several things are wrong, it need not be about the first of them.
 */
export async function fromLargeJson<Desc extends DescMessage>(
  schema: Desc,
  { value, large }: MessageJson,
): Promise<MessageShape<Desc>> {
  const message = create(schema);
  await mergePart(schema, message, value, large);
  return message;
}

async function mergePart(
  desc: DescMessage,
  message: Message,
  json: JsonValue,
  large: ReadonlySet<unknown>,
): Promise<void> {
  if (!large.has(json) || !isRecord(json) || isWellKnown(desc)) {
    mergeFromJson(desc, message, json, OPTIONS);
    return;
  }
  const small: [string, JsonValue][] = [];
  const later: (() => Promise<void>)[] = [];
  for (const [key, value] of Object.entries(json as JsonObject)) {
    const field = large.has(value) ? fieldOf(desc, key) : undefined;
    const merge = field && laterMerge(desc, message, { field, key, value, large });
    // In its place what is empty, so that a field that comes twice is found out.
    small.push([key, merge === undefined ? value : Array.isArray(value) ? [] : {}]);
    if (merge !== undefined) later.push(merge);
  }
  mergeFromJson(desc, message, Object.fromEntries(small), OPTIONS);
  for (const merge of later) await merge();
}

/** A field whose JSON is large. */
interface LargeField {
  readonly field: DescField;
  readonly key: string;
  readonly value: JsonValue;
  readonly large: ReadonlySet<unknown>;
}

/** Merges a field part by part; undefined for one that has to be decoded at once. */
function laterMerge(
  desc: DescMessage,
  message: Message,
  { field, key, value, large }: LargeField,
): (() => Promise<void>) | undefined {
  if (field.fieldKind === "list" && Array.isArray(value))
    return () => mergeList(desc, message, field, { key, value, large });
  if (!isRecord(value)) return undefined;
  if (field.fieldKind === "map") return () => mergeMap(desc, message, key, value as JsonObject);
  if (field.fieldKind !== "message" || isWellKnown(field.message)) return undefined;
  return () => mergePart(field.message, placeOf(message, field), value as JsonObject, large);
}

async function mergeList(
  desc: DescMessage,
  message: Message,
  field: DescField & { fieldKind: "list" },
  { key, value, large }: Omit<LargeField, "field">,
): Promise<void> {
  let part: JsonValue[] = [];
  const flush = async () => {
    mergeFromJson(desc, message, { [key]: part }, OPTIONS);
    part = [];
    await setImmediate();
  };
  const { message: element, oneof, localName, fieldKind } = field;
  for (const json of value as JsonValue[]) {
    const isLarge = element !== undefined && large.has(json) && isRecord(json) && !isWellKnown(element);
    if (!isLarge) part.push(json);
    if (isLarge || part.length === ELEMENTS_PER_YIELD) await flush();
    if (!isLarge) continue;
    await mergePart(
      element,
      placeOf(message, { oneof, localName, fieldKind, message: element }),
      json,
      large,
    );
  }
  await flush();
}

async function mergeMap(desc: DescMessage, message: Message, key: string, value: JsonObject): Promise<void> {
  const entries = Object.entries(value);
  for (let at = 0; at < entries.length; at += ELEMENTS_PER_YIELD) {
    const part = Object.fromEntries(entries.slice(at, at + ELEMENTS_PER_YIELD));
    mergeFromJson(desc, message, { [key]: part }, OPTIONS);
    await setImmediate();
  }
}

/** What has to be known of a field that holds messages. */
type NestedField = Pick<DescField, "oneof" | "localName" | "fieldKind"> & { readonly message: DescMessage };

/** Where a message of a field is merged by itself: the one that is there, or a new one at the end of a list. */
export function placeOf(
  message: Message,
  { oneof, localName, fieldKind, message: desc }: NestedField,
): Message {
  const fields = fieldsOf(message);
  if (fieldKind === "list") {
    const element = create(desc);
    (fields[localName] as Message[]).push(element);
    return element;
  }
  const chosen = oneof && (fields[oneof.localName] as { case?: string; value?: Message });
  const present = oneof === undefined ? fields[localName] : chosen?.case === localName && chosen.value;
  if (present) return present as Message;
  const created = create(desc);
  if (oneof === undefined) fields[localName] = created;
  else fields[oneof.localName] = { case: localName, value: created };
  return created;
}

function fieldsOf(message: Message): Record<string, unknown> {
  return message as unknown as Record<string, unknown>;
}

function fieldOf({ fields }: DescMessage, key: string): DescField | undefined {
  return fields.find(({ name, jsonName }) => name === key || jsonName === key);
}

/** Whether its JSON is not that of its fields. */
export function isWellKnown({ typeName }: DescMessage): boolean {
  return typeName.startsWith("google.protobuf.");
}

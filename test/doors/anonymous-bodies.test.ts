/**
 * Whoever needs no key may send 16 KiB: every RPC that the rule table opens to them is sent a message above
 * that bound and one below it, in every protocol. Those that ask for a key take larger ones.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { encoded } from "../support/failing-service.ts";
import { callRaw, type MediaType } from "../support/raw-rpc.ts";
import { ADMIN_KEY, startTestService } from "../support/service.ts";
import { METHODS } from "./authorization-table.ts";

const BOUND = 16 * 1024;
const MEDIA_TYPES: Readonly<Record<"unary" | "stream", readonly MediaType[]>> = {
  unary: ["application/json", "application/proto", "application/grpc", "application/grpc-web+proto"],
  stream: ["application/connect+json", "application/connect+proto", "application/grpc"],
};
const GEN = join(import.meta.dirname, "../../gen");

const service = await startTestService();
const methods = await servedMethods();

test.after(() => service.close());

async function servedMethods(): Promise<readonly DescMethod[]> {
  const files = readdirSync(GEN, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith("_pb.js"),
  );
  const modules = await Promise.all(files.map((name) => import(join(GEN, name)) as Promise<object>));
  const isService = (value: unknown): value is DescService =>
    typeof value === "object" && value !== null && "kind" in value && value.kind === "service";
  return modules
    .flatMap((module) => Object.values(module))
    .filter(isService)
    .flatMap((each) => each.methods)
    .filter((method) => METHODS[`${method.parent.typeName}/${method.name}`] !== undefined);
}

/** A message of so many bytes that every RPC can read: all of it is a field that the schema does not know. */
function messageOf(bytes: number, isJson: boolean): Uint8Array {
  if (isJson) return Buffer.from(JSON.stringify({ padding: "x".repeat(bytes - 14) }));
  const length = bytes - 5;
  // Field 1000, length-delimited: a tag of two bytes and a length of three.
  const head = [0xc2, 0x3e, (length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, length >> 14];
  return Buffer.concat([Buffer.from(head), Buffer.alloc(length, "x")]);
}

async function reasonOf(
  method: DescMethod,
  mediaType: MediaType,
  bytes: number,
): Promise<string | undefined> {
  const path = `/${method.parent.typeName}/${method.name}`;
  const { headers, body } = encoded(mediaType, messageOf(bytes, mediaType.includes("json")));
  // What streams without an end is ended by its deadline.
  const timeout = mediaType.includes("grpc") ? { "grpc-timeout": "300m" } : { "connect-timeout-ms": "300" };
  const sent = { ...headers, ...timeout, "x-api-key": ADMIN_KEY };
  return (await callRaw(service.url, { path, mediaType, headers: sent, body })).reason;
}

test("the messages have the lengths that they are called by", () => {
  for (const bytes of [BOUND, BOUND + 1])
    for (const isJson of [true, false]) assert.is(messageOf(bytes, isJson).length, bytes);
});

for (const method of methods) {
  const name = `${method.parent.typeName}/${method.name}`;
  const isOpen = ["open", "anonymous"].includes(METHODS[name] ?? "");
  const mediaTypes = MEDIA_TYPES[method.methodKind === "unary" ? "unary" : "stream"];

  test(`${name} takes ${isOpen ? "16 KiB and no more" : "more than 16 KiB"}, in ${mediaTypes.length} protocols`, async () => {
    for (const mediaType of mediaTypes) {
      const below = await reasonOf(method, mediaType, BOUND);
      assert.is.not(below, "body_too_large", `${mediaType}: ${BOUND} bytes`);
      const above = await reasonOf(method, mediaType, BOUND + 1);
      if (isOpen) assert.is(above, "body_too_large", `${mediaType}: a byte more`);
      else assert.is.not(above, "body_too_large", `${mediaType}: a byte more`);
    }
  });
}

test("both kinds of RPC were tried", () => {
  const open = methods.filter(({ parent, name }) =>
    ["open", "anonymous"].includes(METHODS[`${parent.typeName}/${name}`] ?? ""),
  );
  assert.ok(open.length >= 8 && methods.length - open.length >= 30, `${open.length} of ${methods.length}`);
});

test.run();

/**
 * A plugin of `buf generate`: the comments of the schema, which descriptors do not keep, by the full name of
 * what they stand above. /openapi.json says with them what messages and RPCs mean.
 */
import type { AnyDesc, DescFile } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { createEcmaScriptPlugin, getComments, runNodeJs, type Schema } from "@bufbuild/protoplugin";

type Commented = Exclude<AnyDesc, DescFile>;

/** Blank lines part paragraphs; other line ends are only where the column ran out. */
function commentOf(desc: Commented): string {
  const { leading = "" } = getComments(desc);
  const lines = leading.split("\n").map((line) => line.trim());
  return lines
    .join("\n")
    .trim()
    .replace(/(?<!\n)\n(?!\n)/g, " ");
}

function nameOf(desc: Commented): string {
  switch (desc.kind) {
    case "field":
    case "rpc":
    case "enum_value":
    case "oneof":
      return `${desc.parent.typeName}.${desc.name}`;
    default:
      return desc.typeName;
  }
}

function members(desc: Commented): readonly Commented[] {
  if (desc.kind === "message") return [...desc.fields, ...desc.oneofs];
  if (desc.kind === "enum") return desc.values;
  return desc.kind === "service" ? desc.methods : [];
}

function writeComments(schema: Schema): void {
  const file = schema.generateFile("comments.js");
  const types = schema.files.flatMap((each) => [...nestedTypes(each)]);
  file.print(
    "/** What the schema says of its messages, fields, enums, services and RPCs, by their full names. */",
  );
  file.print("export const COMMENTS = new Map([");
  for (const desc of types.flatMap((type) => [type, ...members(type)])) {
    const comment = commentOf(desc);
    if (comment !== "") file.print("  [", JSON.stringify(nameOf(desc)), ", ", JSON.stringify(comment), "],");
  }
  file.print("]);");
}

function declareComments(schema: Schema): void {
  const file = schema.generateFile("comments.d.ts");
  file.print("export declare const COMMENTS: ReadonlyMap<string, string>;");
}

runNodeJs(
  createEcmaScriptPlugin({
    name: "protoc-gen-comments",
    version: "v1",
    generateTs: () => undefined,
    generateJs: writeComments,
    generateDts: declareComments,
  }),
);

/** Who may import whom within src/transport, by folder: what stood here twice in a circle would be one folder. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";

const TRANSPORT = join(import.meta.dirname, "../../src/transport");

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  http: [],
  listener: ["http"],
  schema: [],
  rpc: ["http"],
  rest: ["http", "schema", "rpc"],
  pages: ["http", "schema", "rest"],
  // Read by `npm run generate` and by no running service.
  openapi: ["schema", "rpc", "rest", "pages"],
};
/** What a running service never loads, besides all of openapi/. */
const DOCUMENTS = /\/documents\.ts$|^schema\/(?!placeholders)/;

const files = readdirSync(TRANSPORT, { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".ts"),
);

/** Where the imports of a file lead, from src/transport. */
function importsOf(file: string): readonly { readonly target: string; readonly isType: boolean }[] {
  const text = readFileSync(join(TRANSPORT, file), "utf8");
  return [...text.matchAll(/^import (type )?[^;]*? from "(\.[^"]+)"/gms)].map(([, type, specifier = ""]) => ({
    target: relative(TRANSPORT, resolve(TRANSPORT, file, "..", specifier)),
    isType: type !== undefined,
  }));
}

const roomOf = (path: string) => (path.includes("/") ? path.split("/")[0] : undefined);

test("rooms import only those below them", () => {
  const broken: string[] = [];
  for (const file of files) {
    const room = roomOf(file);
    if (room === undefined) continue;
    for (const { target } of importsOf(file)) {
      if (target.startsWith("..") || roomOf(target) === room) continue;
      if (!MAY_IMPORT[room]?.includes(roomOf(target) ?? "")) broken.push(`${file} imports ${target}`);
    }
  }
  assert.equal(broken, []);
});

test("a running service loads nothing of what its documentation is generated from", () => {
  const loaded = new Set<string>();
  const load = (file: string): void => {
    if (loaded.has(file) || file.startsWith("..")) return;
    loaded.add(file);
    for (const { target, isType } of importsOf(file)) if (!isType) load(target);
  };
  load("front-door.ts");
  assert.ok(loaded.size > 40, `${loaded.size} files`);
  assert.equal(
    [...loaded].filter((file) => file.startsWith("openapi/") || DOCUMENTS.test(file)),
    [],
  );
});

test.run();

#!/usr/bin/env node
// Plain JavaScript, so that an old Node gets as far as being told that it is old.
import { existsSync } from "node:fs";
import module from "node:module";
import { fileURLToPath } from "node:url";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`mcp-metrics needs Node 22.18 or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}
// Much of a start is compiling what the last one compiled already. Kept beside the dependencies, not in the
// system's temporary folder: whoever can write there could have us run their code. Threads read the variable.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(
  new URL("../node_modules/.cache/mcp-metrics", import.meta.url),
);
module.enableCompileCache?.(process.env.NODE_COMPILE_CACHE);
// A checkout runs its sources. In a package they are compiled, for Node strips no types under node_modules.
const source = new URL("./cli.ts", import.meta.url);
await import(existsSync(source) ? source.href : "../dist/cli.js");

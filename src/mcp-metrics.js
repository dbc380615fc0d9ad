#!/usr/bin/env node
// Plain JavaScript, so that an old Node gets as far as being told that it is old.
import "./supported-node.js";
import { existsSync } from "node:fs";
import module from "node:module";
import { fileURLToPath } from "node:url";

// Much of a start is compiling what the last one compiled already. Kept beside the dependencies, not in the
// system's temporary folder: whoever can write there could have us run their code. Threads read the variable.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(
  new URL("../node_modules/.cache/mcp-metrics", import.meta.url),
);
module.enableCompileCache?.(process.env.NODE_COMPILE_CACHE);
// A checkout runs its sources. In a package they are compiled, for Node strips no types under node_modules.
const source = new URL("./cli.ts", import.meta.url);
await import(existsSync(source) ? source.href : "../dist/cli.js");

/**
 * The package's package.json, for as long as npm packs: `node packaging/manifest.ts trim|restore`.
 *
 * A checkout brings its own Node, for machines whose Node is old. In a package that would be wrong: npm
 * links it into the host's node_modules/.bin, and every script of the host would run on another Node.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";

const FILE = new URL("../package.json", import.meta.url);
const ORIGINAL = new URL("../package.json.original", import.meta.url);

if (process.argv[2] === "restore") renameSync(ORIGINAL, FILE);
else {
  const text = readFileSync(FILE, "utf8");
  const { optionalDependencies, devDependencies, scripts, ...manifest } = JSON.parse(text);
  writeFileSync(ORIGINAL, text);
  writeFileSync(FILE, `${JSON.stringify(manifest, undefined, 2)}\n`);
}

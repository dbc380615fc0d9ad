/**
 * The package's package.json, for as long as npm packs: called with `trim` and `restore` by the scripts of npm pack.
 *
 * A checkout brings its own Node, for machines whose Node is old. In a package that would be wrong: npm
 * links it into the host's node_modules/.bin, and every script of the host would run on another Node.
 * So the field is set aside under a name that npm does not know. When packing fails, npm does not restore;
 * then package.json still works, and the next packing restores it.
 */
import { readFileSync, writeFileSync } from "node:fs";

const FILE = new URL("../../package.json", import.meta.url);
const FIELD = '"optionalDependencies":';
const ASIDE = '"//optionalDependencies":';

const text = readFileSync(FILE, "utf8");
writeFileSync(FILE, process.argv[2] === "restore" ? text.replace(ASIDE, FIELD) : text.replace(FIELD, ASIDE));

import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const NEEDED = [
  "gen",
  "migrations",
  "deploy/package",
  "src",
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json",
];

/** Resolves to what a program printed; rejects with it when the program fails. */
export async function run(
  command: string,
  args: readonly string[],
  cwd: string,
  node?: string,
): Promise<string> {
  // What compilers and npm execute is nobody's coverage.
  const { NODE_V8_COVERAGE, ...env } = process.env;
  const path = node === undefined ? process.env.PATH : `${dirname(node)}${delimiter}${process.env.PATH}`;
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd, env: { ...env, PATH: path } });
    return stdout;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${command} ${args.join(" ")}: ${stdout}${stderr}`, { cause: error });
  }
}

/** Packs a copy, because packing changes package.json for a moment. Returns the tarball. */
export async function packCopy(folder: string): Promise<string> {
  const copy = join(folder, "checkout");
  for (const name of NEEDED) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  // As a packing that failed leaves it.
  await run(process.execPath, ["deploy/package/manifest.ts", "trim"], copy);
  await run("npm", ["pack", "--pack-destination", folder], copy);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  if (tarball === undefined) throw new Error("npm pack made no tarball");
  return join(folder, tarball);
}

/** An empty project of somebody else with the package installed; what npm has cached is not fetched again. */
export async function installInto(folder: string, tarball: string): Promise<string> {
  const project = join(folder, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{ "name": "host", "private": true, "type": "module" }');
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
  await run("npm", ["install", ...quiet, tarball], project);
  return project;
}

/** The oldest that the library supports. */
export const OLDEST_NODE = 20;

/** Every Node of the machine that the library supports, by its major version; the one that runs this first. */
export async function findNodes(): Promise<ReadonlyMap<number, string>> {
  const inPath = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "node"));
  const nodes = new Map<number, string>();
  for (const path of [process.execPath, ...inPath, "/usr/bin/node", "/usr/local/bin/node"]) {
    if (!existsSync(path)) continue;
    // What only looks like a Node, such as a version manager's shim without a version, is none.
    const version = await run(path, ["--version"], "/").catch(() => "");
    const major = Number(/^v(\d+)/.exec(version)?.[1] ?? 0);
    if (major >= OLDEST_NODE && !nodes.has(major)) nodes.set(major, path);
  }
  return nodes;
}

/** A file of this repository's dependencies, such as a compiler. */
export function tool(name: string): string {
  return join(ROOT, "node_modules/.bin", name);
}

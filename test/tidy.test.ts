import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Who may import whom, by folder of src/. What stands here twice in a circle would be one folder. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  catalogue: [],
  config: ["lib", "catalogue"],
  store: ["lib", "catalogue"],
  sqlite: ["lib", "catalogue", "store"],
  telemetry: ["lib", "catalogue"],
  access: ["lib", "store"],
  ingest: ["lib", "catalogue", "store"],
  otlp: ["lib", "catalogue", "ingest"],
  legacy: ["lib", "catalogue", "access", "ingest", "store", "sqlite"],
  maintenance: ["lib", "store"],
  api: ["lib", "catalogue", "store", "telemetry", "access", "ingest", "otlp", "maintenance"],
  transport: ["lib", "catalogue", "access", "api", "ingest", "otlp", "config"],
  // What it imports is shipped to browsers too.
  client: ["lib", "catalogue"],
  remote: ["api", "store"],
  cli: ["legacy", "lib", "config", "api", "remote", "store", "sqlite"],
  // A page of its own, in the browser: it knows the service by its schema alone.
  dashboard: [],
};
/** Files at the top of src/ that any folder may import. */
const FOR_ALL = ["errors.ts"];
/** … and those that only a few may: the configuration's type, and main.ts, which the command line starts. */
const TOP_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  transport: ["config.ts"],
  api: ["config.ts"],
  cli: ["config.ts", "main.ts"],
};
/** Who may know which engine keeps the data, besides main.ts: what works on a database file itself. */
const ENGINE_USERS =
  /^src\/(main\.ts|sqlite\/.*|legacy\/.*|cli\/(administration|backup|doctor|import-(directory|legacy|target)|migrate|restore|rollups)\.ts)$/;
/** Libraries, and where they may be imported. */
const FENCES: readonly { readonly library: RegExp; readonly folders: readonly string[] }[] = [
  { library: /^libsql$/, folders: ["sqlite"] },
  { library: /^@opentelemetry\//, folders: ["telemetry"] },
  { library: /^@connectrpc\//, folders: ["transport", "client", "remote", "dashboard"] },
  { library: /^node:http/, folders: ["transport"] },
];
/** What may be named in which files only, and why it matters. */
const WORDS: readonly { readonly word: RegExp; readonly allowed: RegExp; readonly why: string }[] = [
  { word: /process\.env/, allowed: /^src\/cli\.ts$/, why: "the environment is read once" },
  {
    word: /\b(Date\.now|performance\.now|setTimeout|setInterval)\b/,
    allowed: /^src\/(lib\/clock\.ts|sqlite\/threads\/writer-thread\.ts|dashboard\/clock\.ts)$/,
    why: "time comes from a Clock",
  },
  { word: /wal_checkpoint/, allowed: /^src\/sqlite\//, why: "one connection checkpoints" },
];
const EXPORTED_NAME =
  /^export (?:async )?(?:type|interface|const|let|function\*?|class|enum)\s+([A-Za-z_$][\w$]*)/gm;
const LINES_MAX = 300;
const COLUMNS_MAX = 120;

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function sources(folder: string): readonly SourceFile[] {
  return readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => {
      const path = `${folder}/${name}`;
      const text = readFileSync(`${ROOT}${path}`, "utf8");
      const clauses = /^(?:import|export)[^;]*? from "([^"]+)"|^import "([^"]+)"|\bimport\(\s*"([^"]+)"/gms;
      const imports = [...text.matchAll(clauses)].map(
        ([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? "",
      );
      return { path, text, imports };
    });
}

/** `src/sqlite/threads/writer.ts` → `storage`; `src/main.ts` → undefined. */
function folderOf(path: string): string | undefined {
  const parts = path.split("/");
  return parts.length > 2 ? parts[1] : undefined;
}

const src = sources("src");
const tests = sources("test");

test("folders import only those below them", () => {
  const broken: string[] = [];
  for (const { path, imports } of src) {
    const folder = folderOf(path);
    if (folder === undefined) continue;
    for (const specifier of imports.filter((name) => name.startsWith("."))) {
      const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
      if (target.startsWith("gen/") && ["transport", "client", "remote", "dashboard"].includes(folder))
        continue;
      const targetFolder = folderOf(target);
      const isAllowed =
        targetFolder === undefined
          ? [...FOR_ALL, ...(TOP_IMPORTS[folder] ?? [])].some((name) => target === `src/${name}`)
          : targetFolder === folder || MAY_IMPORT[folder]?.includes(targetFolder);
      if (!isAllowed) broken.push(`${path} imports ${target}`);
    }
  }
  assert.equal(broken, []);
});

test("only main.ts and what works offline on a database file know the embedded engine", () => {
  const broken = src.filter(
    ({ path, imports }) => !ENGINE_USERS.test(path) && imports.some((name) => /\/sqlite\//.test(name)),
  );
  assert.equal(
    broken.map(({ path }) => path),
    [],
  );
});

test("no file imports itself by way of others, types included", () => {
  const targets = new Map(
    src.map(({ path, imports }) => [
      path,
      imports
        .filter((name) => name.startsWith("."))
        .map((name) => new URL(name, `file:///${path}`).pathname.slice(1)),
    ]),
  );
  const done = new Set<string>();
  function follow(path: string, way: readonly string[]): void {
    assert.not.ok(way.includes(path), [...way, path].join(" → "));
    if (done.has(path)) return;
    for (const target of targets.get(path) ?? []) follow(target, [...way, path]);
    done.add(path);
  }
  for (const { path } of src) follow(path, []);
});

test("nothing can import in a circle", () => {
  const levels = Object.keys(MAY_IMPORT);
  for (const [folder, targets] of Object.entries(MAY_IMPORT)) {
    for (const target of targets) {
      assert.ok(levels.indexOf(target) < levels.indexOf(folder), `${folder} stands above ${target}`);
    }
  }
});

test("libraries stay behind their fences", () => {
  const broken: string[] = [];
  for (const { path, imports } of src) {
    for (const name of imports) {
      const fence = FENCES.find(({ library }) => library.test(name));
      if (fence !== undefined && !fence.folders.includes(folderOf(path) ?? ""))
        broken.push(`${path} imports ${name}`);
    }
  }
  assert.equal(broken, []);
});

test("the client library runs where nothing of Node is", () => {
  const isClient = ({ path }: SourceFile) => /^src\/(client|lib\/(clock|time)|catalogue)\b/.test(path);
  const broken = src
    .filter(isClient)
    .filter(({ imports }) => imports.some((name) => /^node:|^#|connect-node/.test(name)));
  assert.equal(
    broken.map(({ path }) => path),
    [],
  );
});

test("time, environment and checkpoints are named in one place each", () => {
  const broken: string[] = [];
  for (const { path, text } of src) {
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    for (const { word, allowed, why } of WORDS) {
      if (word.test(code) && !allowed.test(path)) broken.push(`${path}: ${word.source}: ${why}`);
    }
  }
  assert.equal(broken, []);
});

test("a file is short enough to be read", () => {
  for (const { path, text } of [...src, ...tests]) {
    const lines = text.split("\n");
    assert.ok(lines.length <= LINES_MAX, `${path} has ${lines.length} lines, at most ${LINES_MAX}`);
    const widest = Math.max(...lines.map((line) => line.length));
    assert.ok(widest <= COLUMNS_MAX || path.startsWith("test/"), `${path} has a line of ${widest} columns`);
  }
});

test("docs/architecture.md names every folder, in the order of who may import whom", () => {
  const text = readFileSync(`${ROOT}docs/architecture.md`, "utf8");
  const named = [...text.matchAll(/^\| `(\w+)` \|/gm)].map(([, folder]) => folder);
  const folders = readdirSync(`${ROOT}src`, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  assert.equal([...named].sort(), folders.map(({ name }) => name).sort());
  assert.equal(named, Object.keys(MAY_IMPORT));
});

test("every part of the store's contract is run", () => {
  const run = tests
    .filter(({ path }) => /^test\/store\/.*\.test\.ts$/.test(path))
    .flatMap(({ text }) => text);
  for (const { path } of tests.filter(({ path }) => path.endsWith(".contract.ts"))) {
    const name = path.split("/").at(-1) ?? "";
    assert.ok(
      run.some((text) => text.includes(name)),
      `${path} is imported by no test`,
    );
  }
});

test("every test file runs its tests", () => {
  for (const { path, text } of tests.filter(({ path }) => path.endsWith(".test.ts"))) {
    assert.match(text, /\.run\(\);/, `${path} never calls .run(): its tests would pass by not running`);
  }
});

test("files of tests say what they hold, and what test/support exports stands there once", () => {
  const unsaid = tests.filter(({ path }) => /(^|\/)(support|helpers?|utils?)\.ts$/.test(path));
  assert.equal(
    unsaid.map(({ path }) => path),
    [],
  );
  const exported = tests
    .filter(({ path }) => path.startsWith("test/support/"))
    .flatMap(({ text }) => [...new Set([...text.matchAll(EXPORTED_NAME)].map(([, name]) => name))]);
  const repeated = exported.filter((name, at) => exported.indexOf(name) !== at);
  assert.equal(repeated, []);
});

test("nothing is left for later without a condition", () => {
  for (const { path, text } of src) assert.not.match(text, /\b(TODO|FIXME|XXX)\b/, path);
});

test.run();

/** The words of the code: one name, one meaning, and the field's names for things. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Words of our own where Prometheus, OpenTelemetry, gRPC or SQL have one; and the one to use. */
const BANNED: readonly { readonly word: RegExp; readonly instead: string }[] = [
  { word: /^(judge|judged|judging)$/, instead: "validate" },
  { word: /^(told|tells)$/, instead: "report" },
  { word: /^(refuse|refused|refuses|refusal|refusals)$/, instead: "reject" },
  { word: /^(visit|visits|visitor|visitors)$/, instead: "anonymous" },
  { word: /^gate$/, instead: "auth interceptor; requestGate is connect's own word" },
  { word: /^(slices)$/, instead: "yielding loop" },
  { word: /^doomed$/, instead: "expired" },
  { word: /^quietly$/, instead: "with readers paused" },
  { word: /^(hurry|hurrying)$/, instead: "finish now" },
  { word: /^foundation$/, instead: "service context" },
  { word: /^(utils?|helpers?|managers?|misc)$/, instead: "a name that says what it is" },
];
/** Names that hold such a word and stay: connect's own, and a field of the log that operators search for. */
const ALLOWED_NAMES = new Set(["requestGate", "src/api/observers.ts: refused"]);
/** Of the non-blank lines of src. Less explains too little to a stranger, more repeats the code. */
const COMMENT_SHARE = { min: 0.18, max: 0.25 };

interface Source {
  readonly path: string;
  readonly text: string;
}

const src: readonly Source[] = readdirSync(`${ROOT}src`, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => ({ path: `src/${name}`, text: readFileSync(`${ROOT}src/${name}`, "utf8") }));

/** The code without comments and texts: what is left are names. */
function namesIn({ text }: Source): readonly string[] {
  const code = text
    .replace(/\/\*[\s\S]*?\*\/|(?<![:"'`\w])\/\/.*$/gm, " ")
    .replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, " ")
    // Of a template only what it embeds is code.
    .replace(/`(?:[^`\\]|\\.)*`/g, (template) => [...template.matchAll(/\$\{([^}]*)\}/g)].join(" "));
  return [...new Set(code.match(/[A-Za-z_$][\w$]*/g) ?? [])];
}

/** `isReadOnly2xx` → is, read, only, 2xx. */
const wordsOf = (name: string) =>
  name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .split(/[\s_$.-]+/)
    .map((word) => word.toLowerCase());

test("names use the field's words", () => {
  const broken: string[] = [];
  for (const source of src) {
    const file = source.path.split("/").at(-1)?.replace(/\.ts$/, "") ?? "";
    for (const name of [file, ...namesIn(source)]) {
      if (ALLOWED_NAMES.has(name) || ALLOWED_NAMES.has(`${source.path}: ${name}`)) continue;
      const found = BANNED.find(({ word }) => wordsOf(name).some((each) => word.test(each)));
      if (found !== undefined) broken.push(`${source.path}: ${name} (say ${found.instead})`);
    }
  }
  assert.equal(broken, []);
});

test("no name is exported from two files", () => {
  const files = new Map<string, string[]>();
  const declaration =
    /^export (?:async )?(?:type|interface|const|let|function\*?|abstract class|class|enum)\s+([A-Za-z_$][\w$]*)/gm;
  for (const { path, text } of src) {
    for (const [, name = ""] of text.matchAll(declaration)) {
      // One of a function's overloads is as good as another.
      files.set(name, [...new Set([...(files.get(name) ?? []), path])]);
    }
  }
  const broken = [...files].filter(([, paths]) => paths.length > 1);
  assert.equal(
    broken.map(([name, paths]) => `${name}: ${paths.join(", ")}`),
    [],
  );
});

test("the engine is named in its own folder, in settings and in what the command line says", () => {
  const named = src.filter(
    ({ path, text }) =>
      !/^src\/(sqlite\/|config\/|cli\/|main\.ts)/.test(path) &&
      // Where it is imported from is held by the imports' own test.
      /sqlite|libsql/i.test(text.replace(/^import [^;]*;$/gms, "")),
  );
  assert.equal(
    named.map(({ path }) => path),
    [],
  );
});

test("comments explain src to a stranger, and do not repeat it", () => {
  let comments = 0;
  let lines = 0;
  for (const { text } of src) {
    let isInside = false;
    for (const line of text.split("\n").map((each) => each.trim())) {
      if (line === "") continue;
      lines += 1;
      if (isInside || line.startsWith("//") || line.startsWith("/*")) comments += 1;
      if (line.startsWith("/*")) isInside = true;
      if (line.includes("*/")) isInside = false;
    }
  }
  const share = comments / lines;
  const { min, max } = COMMENT_SHARE;
  assert.ok(share >= min && share <= max, `${(share * 100).toFixed(1)} % of ${lines} lines`);
});

test.run();

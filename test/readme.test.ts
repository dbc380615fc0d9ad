import { execFile } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { METRIC_TYPES } from "../src/catalogue/catalogue.ts";
import { LIMITS } from "../src/catalogue/limits.ts";
import { FAILURES } from "../src/errors.ts";
import { composerRow } from "./support/metric-type-rows.ts";
import { needing } from "./support/needs.ts";
import { startTestService, type TestService, WRITER_KEY } from "./support/service.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const README = readFileSync(`${ROOT}README.md`, "utf8");
const ERRORS = readFileSync(`${ROOT}docs/errors.md`, "utf8");
const run = promisify(execFile);

const test = suite<{ service: TestService }>("README");

test.before(async (context) => {
  context.service = await startTestService({ METRICS_SERVICE_BINDING: "warn" });
});
test.after(({ service }) => service.close());

/** The shell blocks that hold `words`. */
function shellBlocks(words: string): readonly string[] {
  return [...README.matchAll(/```sh\n([\s\S]*?)```/g)]
    .map((match) => match[1] ?? "")
    .filter((block) => block.includes(words));
}

async function runBlock(block: string, { url }: TestService): Promise<string> {
  const script = block.replaceAll("http://localhost:8890", url);
  const { stdout } = await run("sh", ["-c", script], {
    cwd: ROOT,
    env: { ...process.env, METRICS_API_KEY: WRITER_KEY },
  });
  return stdout;
}

const curlTest = needing(test, "curl");

curlTest("the curl example stores a metric", async ({ service }) => {
  const [block = ""] = shellBlocks("curl -X POST");
  const answer = JSON.parse(await runBlock(block, service));
  assert.is(answer.status, "success");
  assert.is(answer.accepted, 1);
});

test("the buf curl example stores a metric without schema files", async ({ service }) => {
  const [block = ""] = shellBlocks("buf curl");
  assert.is(JSON.parse(await runBlock(block, service)).accepted, 1);
});

curlTest("the query example asks for statistics", async ({ service }) => {
  const [block = ""] = shellBlocks("QueryService/QuerySeries");
  assert.is(JSON.parse(await runBlock(block, service)).step, "3600s");
});

test("the tables of metric types are the catalogue", () => {
  for (const { name, instruments } of METRIC_TYPES.filter((type) => !type.isPerInstance)) {
    const row = README.split("\n").find((line) => line.startsWith(`| \`${name}\` |`)) ?? "";
    const labels = instruments.flatMap((instrument) => instrument.labels);
    for (const word of [...instruments.map((instrument) => instrument.name), ...labels]) {
      assert.ok(row.includes(`\`${word}\``), `${name}: ${word}`);
    }
  }
  const types = METRIC_TYPES.filter((type) => type.isPerInstance);
  const [, table = ""] = readFileSync(`${ROOT}docs/composer.md`, "utf8").split(/<!-- \/?types -->/);
  assert.equal(table.trim().split("\n").slice(2), types.map(composerRow));
  assert.ok(README.includes(`Composers report ${types.length} types more`));
});

test("the table of reasons is the failure table", () => {
  for (const [reason, { code, httpStatus, retryable }] of Object.entries(FAILURES)) {
    const row = `| \`${reason}\` | ${code.toUpperCase()}${retryable ? ", retry" : ""} | ${httpStatus} |`;
    assert.ok(ERRORS.includes(row), row);
  }
});

test("the table of limits states the limits", () => {
  const rows = [
    `| metrics a request | ${LIMITS.METRICS_PER_REQUEST} `,
    "| value | finite, within ±1e12 |",
    `| dimensions | ${LIMITS.DIMENSIONS_MAX}; key ${LIMITS.DIMENSION_KEY_LENGTH_MAX}, value ${LIMITS.DIMENSION_VALUE_LENGTH_MAX} `,
    `| metadata | ${LIMITS.METADATA_FIELDS_MAX} fields; key ${LIMITS.METADATA_KEY_LENGTH_MAX}, value ${LIMITS.METADATA_VALUE_LENGTH_MAX} `,
  ];
  for (const row of rows) assert.ok(README.includes(row), row);
  assert.is(LIMITS.VALUE_ABS_MAX, 1e12);
});

test("every line to type runs on any Node from 20 on: through a script of npm, which finds its own Node", () => {
  const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8"));
  const texts = "{.,bench,deploy,docs,examples,src,test}/{*,**/*}.{md,ts,js,sh,yml,yaml,example}";
  for (const file of new Set(
    globSync([texts, ".env.example"], { cwd: ROOT, exclude: ["**/node_modules"] }),
  )) {
    const text = readFileSync(`${ROOT}${file}`, "utf8");
    assert.not.match(text, /\bnode (--?\S+ )*[\w./-]+\.ts\b/, file);
    if (file.startsWith("test/")) continue;
    for (const [, name = ""] of text.matchAll(/\bnpm run (?:-s |--silent )?([a-z][\w:-]*)/g))
      assert.ok(name in scripts, `${file}: npm run ${name}`);
  }
});

test("one line sets up and runs, one sets up and tests", () => {
  for (const script of ["start", "test"])
    assert.is(shellBlocks(`npm ci --ignore-scripts && npm ${script}\n`).length, 1);
});

test("every link of README and docs leads somewhere", () => {
  const files = ["README.md", ...globSync("docs/*.md", { cwd: ROOT })];
  for (const file of files) {
    const text = readFileSync(`${ROOT}${file}`, "utf8");
    for (const [, target = ""] of text.matchAll(/\]\(([^)#:]+)\)/g)) {
      assert.ok(existsSync(new URL(target, new URL(file, `file://${ROOT}`))), `${file}: ${target}`);
    }
  }
  for (const file of files.slice(1))
    assert.ok(README.includes(file.replace("docs/", "")), `README names ${file}`);
});

test.run();

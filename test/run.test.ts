import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite<{ folder: string }>("the test runner");
const uvu = import.meta.resolve("uvu");

test.before((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "mcp-metrics-"));
});
test.after(({ folder }) => rmSync(folder, { recursive: true }));

function runTests(folder: string, code: string, ...options: readonly string[]) {
  const file = join(folder, "some.test.ts");
  writeFileSync(file, `import { test } from "${uvu}";\n${code}`);
  const runner = fileURLToPath(new URL("run.ts", import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [runner, ...options, file], { encoding: "utf8" });
  return { status, last: stdout.trim().split("\n").at(-1), stdout };
}

const needs = JSON.stringify(import.meta.resolve("./support/needs.ts"));
/** A test that is skipped for a declared reason. */
const declaring = (missing: object) =>
  `(await import(${needs})).unlessMissing(test, ${JSON.stringify(missing)})('b', () => {});`;
const LACKING = declaring({ why: "frob is not installed", install: "frobnicator" });
const FORBIDDEN = declaring({ why: "nobody may frob here" });

const cases = [
  { name: "tests that pass", code: "test('a', () => {}); test.skip('b'); test.run();", status: 0 },
  {
    name: "tests of which one needs what is missing",
    code: `test('a', () => {}); ${LACKING} test.run();`,
    status: 0,
  },
  {
    name: "in CI, a test beside one for which nothing can be installed",
    code: `test('a', () => {}); ${FORBIDDEN} test.run();`,
    options: ["--no-skips"],
    status: 0,
  },
  {
    name: "in CI, a test beside one that needs what could be installed",
    code: `test('a', () => {}); ${LACKING} test.run();`,
    options: ["--no-skips"],
  },
  {
    name: "in CI, a test beside one that is skipped without a word",
    code: "test('a', () => {}); test.skip('b'); test.run();",
    options: ["--no-skips"],
  },
  { name: "a file that skips all without a word", code: "test.skip('a'); test.skip('b'); test.run();" },
  { name: "a file that declares one skip and skips another", code: `test.skip('a'); ${LACKING} test.run();` },
  { name: "a file that declares a skip and never runs its tests", code: `${LACKING} test('a', () => {});` },
  {
    name: "a failing test beside one that is skipped",
    code: "test('a', () => { throw new Error('no') }); test.skip('b'); test.run();",
  },
  { name: "a test that fails", code: "test('a', () => { throw new Error('no') }); test.run();" },
  {
    name: "a failing test whose clean-up throws",
    code: "test.after.each(() => { throw 1 }); test('a', () => { throw new Error('no') }); test.run();",
  },
  { name: "a file that never runs its tests", code: "test('a', () => {});" },
  { name: "a file that cannot be loaded", code: "import './missing.ts';" },
  {
    name: "a file that ends with a failure",
    code: "test('a', () => process.on('exit', () => process.exit(3))); test.run();",
  },
  {
    name: "a file that never ends",
    code: "setInterval(() => {}, 1000); test('a', () => {}); test.run();",
    options: ["--seconds-per-file", "2"],
  },
];

for (const { name, code, status = 1, options = [] } of cases) {
  test(`${status === 0 ? "passes" : "fails"} ${name}`, ({ folder }) => {
    const result = runTests(folder, code, ...options);
    assert.is(result.status, status, result.stdout);
    assert.match(result.last ?? "", status === 0 ? /^1 passed, 0 failed, 1 skipped$/ : /, [1-9]\d* failed/);
  });
}

test("passes a file that declares all its tests as skipped, and says at the end what to install", ({
  folder,
}) => {
  const { status, stdout } = runTests(folder, `${LACKING}${LACKING}${FORBIDDEN} test.run();`);
  assert.is(status, 0, stdout);
  const end = [
    "Not run on this machine:",
    "  frob is not installed (apt-get install frobnicator): 2 skipped",
    '    "b" and 1 more',
    "  nobody may frob here (nothing to install for it): 1 skipped",
    '    "b"',
    "",
    "0 passed, 0 failed, 3 skipped",
  ];
  assert.equal(stdout.trim().split("\n").slice(-end.length), end);
});

test("fails when no file is as asked for", () => {
  const runner = fileURLToPath(new URL("run.ts", import.meta.url));
  assert.is(spawnSync(process.execPath, [runner, "no such file"]).status, 1);
});

test.run();

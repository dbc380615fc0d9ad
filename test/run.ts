/**
 * Runs test files, each in a process of its own, as many at once as there are processors:
 * `node test/run.ts [--seconds-per-file N] [file, or part of a path …]`.
 *
 * uvu's own command runs all of them in one process. There a file that hangs stops everything, one that
 * forgets `test.run()` passes, and so does a failing test whose `after.each` throws. Here each of these fails.
 */
import { spawn } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs, stripVTControlCharacters } from "node:util";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const { values, positionals } = parseArgs({
  options: { "seconds-per-file": { type: "string", default: "300" } },
  allowPositionals: true,
});
const FILE_TIMEOUT_MS = Number(values["seconds-per-file"]) * 1000;
/** From uvu's summary to the end of the process. */
const END_TIMEOUT_MS = Math.min(20_000, FILE_TIMEOUT_MS);
const SUMMARY_LENGTH_MAX = 1_000;
/** What the summary repeats of the failures of one file, so that the end of a long log tells what failed. */
const REPEATED_LINES = 40;

interface Outcome {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
  readonly output: string;
  /** Why the file fails as a whole, whatever its tests say. */
  readonly problem: string | undefined;
}

function runFile(file: string): Promise<Outcome> {
  const startedMs = performance.now();
  const env = { NODE_COMPILE_CACHE: `${ROOT}node_modules/.cache/test`, ...process.env };
  const child = spawn(process.execPath, [file], { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let killed: string | undefined;
  const killAfter = (ms: number, why: string) =>
    setTimeout(() => {
      killed = why;
      child.kill("SIGKILL");
    }, ms);
  let timer = killAfter(FILE_TIMEOUT_MS, `not done after ${FILE_TIMEOUT_MS / 1000} s`);
  let isSummed = false;
  const read = (chunk: string) => {
    output += chunk;
    if (isSummed || !/^ +Duration: /m.test(output.slice(-SUMMARY_LENGTH_MAX))) return;
    isSummed = true;
    clearTimeout(timer);
    // A test that failed before it closed what it had opened would hold everybody up.
    timer = killAfter(END_TIMEOUT_MS, "did not end after its tests");
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", read);
  return new Promise((resolve) => {
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      const end = killed ?? `ended with ${code ?? signal}`;
      const seconds = (performance.now() - startedMs) / 1000;
      resolve({ file, seconds, output, ...judge(output, code === 0 ? undefined : end) });
    });
  });
}

function judge(output: string, end: string | undefined) {
  const plain = stripVTControlCharacters(output);
  const count = (name: string) =>
    [...plain.matchAll(new RegExp(`^\\s*${name}:\\s+(\\d+)$`, "gm"))].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    );
  const [total, passed, skipped] = [count("Total"), count("Passed"), count("Skipped")];
  const failed = total - passed - skipped;
  const problem = total === 0 ? `no test was run${end === undefined ? "" : `: ${end}`}` : end;
  const isFailing = failed > 0 || problem !== undefined;
  return { passed, skipped, failed: isFailing ? Math.max(1, failed) : 0, problem };
}

const isWanted = (file: string) =>
  positionals.length === 0 || positionals.some((part) => file.includes(part));
const files = [
  ...positionals.filter((file) => existsSync(file) && file.endsWith(".test.ts")),
  ...globSync("test/**/*.test.ts", { cwd: ROOT }).filter(isWanted).sort(),
];
const waiting = [...files];
const outcomes: Outcome[] = [];

async function work(): Promise<void> {
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    const outcome = await runFile(file);
    outcomes.push(outcome);
    const { passed, failed, problem, seconds, output } = outcome;
    const result = failed === 0 ? `${passed} passed` : `${failed} FAILED${problem ? ` (${problem})` : ""}`;
    process.stdout.write(`${failed === 0 ? "" : output}${file}: ${result} in ${seconds.toFixed(1)} s\n`);
  }
}

await Promise.all(Array.from({ length: availableParallelism() }, work));

const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + of(outcome), 0);
for (const { file, failed, problem, output } of outcomes) {
  if (failed === 0) continue;
  const lines = stripVTControlCharacters(output).trim().split("\n");
  const first = lines.findIndex((line) => line.includes("FAIL"));
  const told = first === -1 ? lines.slice(-REPEATED_LINES) : lines.slice(first, first + REPEATED_LINES);
  process.stdout.write(`\n${file}: ${problem ?? `${failed} failed`}\n${told.join("\n")}\n`);
}
const failed = files.length === 0 ? 1 : sum((outcome) => outcome.failed);
const skipped = sum((outcome) => outcome.skipped);
process.stdout.write(
  `\n${sum(({ passed }) => passed)} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`,
);
process.exitCode = failed === 0 ? 0 : 1;

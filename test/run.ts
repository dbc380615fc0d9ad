/**
 * Runs test files, each in a process of its own, one more at once than there are processors:
 * `npm test -- [--no-skips] [--seconds-per-file N] [file, or part of a path …]`.
 *
 * `npm test` leaves out the files named *.ci.test.ts: those that make, compile or install what is not our own
 * code, or kill the service again and again for a minute. `npm run test:ci` runs these (`--ci`).
 *
 * A test that cannot run on this machine is declared as skipped (support/needs.ts), and the end says what to
 * install for it. With `--no-skips`, as CI has it, that is a failure: coverage must not fall away unnoticed.
 * Only what nothing can be installed for may be skipped there. A skip that nobody declared is a failure there
 * too, and anywhere in a file where nothing is left to run.
 *
 * uvu's own command runs all of them in one process. There a file that hangs stops everything, one that
 * forgets `test.run()` passes, and so does a failing test whose `after.each` throws. Here each of these fails.
 */
import { spawn } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs, stripVTControlCharacters } from "node:util";
import type { SkippedTest } from "./support/needs.ts";
import { describeSkips, readSkips } from "./support/skips.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const { values, positionals } = parseArgs({
  options: {
    "seconds-per-file": { type: "string", default: "300" },
    "no-skips": { type: "boolean", default: false },
    ci: { type: "boolean", default: false },
  },
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
  /** Those of the skipped that say why. */
  readonly declared: readonly SkippedTest[];
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
      resolve({ file, seconds, output, ...readVerdict(output, code === 0 ? undefined : end) });
    });
  });
}

function readVerdict(output: string, end: string | undefined) {
  const plain = stripVTControlCharacters(output);
  const count = (name: string) =>
    [...plain.matchAll(new RegExp(`^\\s*${name}:\\s+(\\d+)$`, "gm"))].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    );
  const [total, passed, skipped] = [count("Total"), count("Passed"), count("Skipped")];
  // uvu's total does not have the skipped.
  const failed = total - passed;
  const declared = readSkips(output);
  const problem = end ?? problemOfSkips(total, skipped, declared);
  const isFailing = failed > 0 || problem !== undefined;
  return { passed, skipped, declared, failed: isFailing ? Math.max(1, failed) : 0, problem };
}

/** What is wrong with what was not run; undefined when that is as declared. */
function problemOfSkips(
  total: number,
  skipped: number,
  declared: readonly SkippedTest[],
): string | undefined {
  const isDeclared = declared.length > 0 && skipped === declared.length;
  if (total === 0 && !isDeclared) return "no test was run";
  if (!values["no-skips"]) return undefined;
  if (skipped > declared.length) return `${skipped - declared.length} tests are skipped, and nobody says why`;
  const avoidable = declared.find(({ install }) => install !== undefined);
  return avoidable && `tests may not be skipped here, and ${avoidable.why}`;
}

const known = globSync("test/**/*.test.ts", { cwd: ROOT }).sort();
/** Without a name, one of the two groups; by its name, any file. */
const isWanted = (file: string) =>
  positionals.length === 0
    ? file.endsWith(".ci.test.ts") === values.ci
    : positionals.some((part) => file.includes(part));
const files = [
  ...positionals.filter((file) => existsSync(file) && file.endsWith(".test.ts") && !known.includes(file)),
  ...known.filter(isWanted),
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

// One more than there are processors: a quarter of the time of a file is waiting.
await Promise.all(Array.from({ length: availableParallelism() + 1 }, work));

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
process.stdout.write(describeSkips(outcomes.flatMap(({ declared }) => declared)));
if (positionals.length === 0 && !values.ci)
  process.stdout.write(
    `\nLeft to npm run test:ci: ${known.length - files.length} files (other languages' clients, packing, kill loops)\n`,
  );
process.stdout.write(
  `\n${sum(({ passed }) => passed)} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`,
);
process.exitCode = failed === 0 ? 0 : 1;

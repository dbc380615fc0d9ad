/**
 * The one way to leave a test out: by saying what it would need, and what to install for it.
 *
 * A machine with Node, npm and git alone passes all that can be run there and is told what was not. The runner
 * (test/run.ts) collects what is printed here; a test that is skipped any other way is nobody's decision, and
 * a file in which nothing else is left fails.
 */
import { spawnSync } from "node:child_process";
import type { Test } from "uvu";
import { CHROMIUM } from "../../bench/chromium.ts";

/** Something that a test cannot do without, and that is not here. */
export interface Missing {
  /** What is missing, in words: tests that lack the same are listed under it. */
  readonly why: string;
  /** Debian's package that brings it; undefined where nothing can be installed, as for a missing permission. */
  readonly install?: string;
}

/** A line of standard output that begins with it is one skipped test, in JSON: `SkippedTest`. */
export const SKIP_MARK = "##skipped ";

export interface SkippedTest extends Missing {
  readonly test: string;
}

const answers = (name: string, ...args: readonly string[]) =>
  spawnSync(name, args, { stdio: "ignore" }).error === undefined;

const PROGRAMS = {
  bash: { install: "bash", isThere: () => answers("bash", "--version") },
  chromium: { install: "chromium", isThere: () => CHROMIUM !== undefined },
  curl: { install: "curl", isThere: () => answers("curl", "--version") },
  diff: { install: "diffutils", isThere: () => answers("diff", "--version") },
  go: { install: "golang-go", isThere: () => answers("go", "version") },
  grep: { install: "grep", isThere: () => answers("grep", "--version") },
  mkfifo: { install: "coreutils", isThere: () => answers("mkfifo", "--version") },
  prometheus: { install: "prometheus", isThere: () => answers("prometheus", "--version") },
  promtool: { install: "prometheus", isThere: () => answers("promtool", "--version") },
  python3: { install: "python3-venv", isThere: () => answers("python3", "--version") },
  zsh: { install: "zsh", isThere: () => answers("zsh", "--version") },
  strace: { install: "strace", isThere: () => answers("strace", "--version") },
} as const;

export type ProgramName = keyof typeof PROGRAMS;

/** The first of these programs that is not on this machine; undefined when all of them are. */
export function missingProgram(...names: readonly ProgramName[]): Missing | undefined {
  const absent = names.find((name) => !PROGRAMS[name].isThere());
  return absent === undefined
    ? undefined
    : { why: `${absent} is not installed`, install: PROGRAMS[absent].install };
}

/** A `test` for what needs these programs; where one is missing, each test is declared as skipped. */
export function needing<Context>(test: Test<Context>, ...names: readonly ProgramName[]) {
  return unlessMissing(test, missingProgram(...names));
}

/** The same for what `missing` says. */
export function unlessMissing<Context>(
  test: Test<Context>,
  missing: Missing | undefined,
): (...named: Parameters<Test<Context>>) => void {
  if (missing === undefined) return (name, body) => void test(name, body);
  return (name) => {
    declareSkipped(name, missing);
    test.skip(name);
  };
}

/** Say that a test, or a part of one, is not run here. */
export function declareSkipped(test: string, missing: Missing): void {
  const skipped: SkippedTest = { test, ...missing };
  // A line of its own, also in the middle of uvu's row of dots.
  process.stdout.write(`\n${SKIP_MARK}${JSON.stringify(skipped)}\n`);
}

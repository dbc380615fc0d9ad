/** What the runner makes of the tests that were declared as skipped. */
import { type Missing, SKIP_MARK, type SkippedTest } from "./needs.ts";

/** The declarations in what a test file printed. */
export function readSkips(output: string): readonly SkippedTest[] {
  return output
    .split("\n")
    .filter((line) => line.startsWith(SKIP_MARK))
    .map((line) => JSON.parse(line.slice(SKIP_MARK.length)) as SkippedTest);
}

/** What was not run, why, and what to install for it: for people, at the end of a run. Empty when nothing was. */
export function describeSkips(skipped: readonly SkippedTest[]): string {
  if (skipped.length === 0) return "";
  const reasons = new Map<string, Missing & { readonly tests: string[] }>();
  for (const { test, ...missing } of skipped) {
    const known = reasons.get(missing.why) ?? { ...missing, tests: [] };
    known.tests.push(test);
    reasons.set(missing.why, known);
  }
  const lines = [...reasons.values()].map(({ why, install, tests }) => {
    const remedy = install === undefined ? "nothing to install for it" : `apt-get install ${install}`;
    const others = tests.length === 1 ? "" : ` and ${tests.length - 1} more`;
    return `  ${why} (${remedy}): ${tests.length} skipped\n    "${tests[0]}"${others}\n`;
  });
  const packages = new Set([...reasons.values()].flatMap(({ install }) => install ?? []));
  const command = packages.size > 1 ? `  All of it: apt-get install ${[...packages].sort().join(" ")}\n` : "";
  return `\nNot run on this machine:\n${lines.join("")}${command}`;
}

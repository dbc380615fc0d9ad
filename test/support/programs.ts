import { spawnSync } from "node:child_process";

/**
 * Whether a program that a test cannot do without is there. A machine with Node alone passes the tests
 * and is told what was left out; in CI what is missing is a failure.
 */
export function hasProgram(name: string, versionCommand = "--version"): boolean {
  if (spawnSync(name, [versionCommand], { stdio: "ignore" }).error === undefined) return true;
  if (process.env.CI === "true") throw new Error(`${name} is missing`);
  process.stdout.write(`(not checked: ${name} is missing) `);
  return false;
}

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";

/** The exit code of one of the programs beside this file, and what it printed. */
function run(program: string, ...args: readonly string[]): Promise<{ code: number; output: string }> {
  const file = fileURLToPath(new URL(program, import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], { timeout: 300_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr });
    });
  });
}

/** These tests are about what is kept. How fast is measured by the loop itself, on a machine left alone. */
const ANY_SPEED = ["--median-limit", "30000"];

const CASES = [
  {
    name: "kill -9 under REST load loses and doubles nothing",
    args: ["kill-loop.ts", "--rounds", "4", "--seed", "1", ...ANY_SPEED],
  },
  {
    name: "kill -9 under gRPC load loses and doubles nothing",
    args: ["kill-loop.ts", "--rounds", "2", "--seed", "2", "--protocol", "grpc", ...ANY_SPEED],
  },
  {
    name: "SIGTERM under load ends in time, with code 0, and loses nothing",
    args: ["kill-loop.ts", "--rounds", "2", "--seed", "3", "--signal", "TERM", ...ANY_SPEED],
  },
  {
    name: "40 damaged databases are refused in one line or served as they were",
    args: ["damage.ts", "--count", "40", "--seed", "1"],
  },
  { name: "500 hostile requests harm nobody", args: ["fuzz.ts", "--count", "500", "--seed", "1"] },
];

for (const { name, args } of CASES) {
  test(name, async () => {
    const [program = "", ...rest] = args;
    const { code, output } = await run(program, ...rest);
    assert.is(code, 0, output);
  });
}

test.run();

import { execFile } from "node:child_process";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { test } from "uvu";
import { hasProgram } from "../support/programs.ts";
import { CLIENT_SAYS, checkExample, EXAMPLES, generated, readExample } from "./support.ts";

const run = promisify(execFile);
const FILES = ["buf.gen.yaml", "go.mod", "go.sum", "main.go"];

async function build(folder: string): Promise<void> {
  for (const name of FILES) copyFileSync(join(EXAMPLES, "go", name), join(folder, name));
  await run("go", ["build", "-mod=readonly", "-o", "example", "."], { cwd: folder });
}

test("the Go example does what it says", async () => {
  if (!hasProgram("go", "version")) return;
  const recipe = FILES.map((name) => readExample(`go/${name}`));
  const folder = await generated("go", recipe, build).catch((error: Error) => {
    if (process.env.CI === "true") throw error;
    process.stdout.write(`(not checked: ${error.message.trim().split("\n").at(-1)}) `);
  });
  if (folder === undefined) return;
  await checkExample({ program: join(folder, "example"), args: [] }, CLIENT_SAYS);
});

test.run();

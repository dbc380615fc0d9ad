import { execFile } from "node:child_process";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { test } from "uvu";
import { needing } from "../support/needs.ts";
import { CLIENT_SAYS, checkExample, EXAMPLES, generated, readExample } from "./check-example.ts";

const run = promisify(execFile);
const FILES = ["buf.gen.yaml", "go.mod", "go.sum", "main.go"];

async function build(folder: string): Promise<void> {
  for (const name of FILES) copyFileSync(join(EXAMPLES, "go", name), join(folder, name));
  await run("go", ["build", "-mod=readonly", "-o", "example", "."], { cwd: folder });
}

needing(test, "go")("the Go example does what it says", async () => {
  const recipe = FILES.map((name) => readExample(`go/${name}`));
  const folder = await generated("go", recipe, build);
  await checkExample({ program: join(folder, "example"), args: [] }, CLIENT_SAYS);
});

test.run();

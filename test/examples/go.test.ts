import { execFile } from "node:child_process";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { test } from "uvu";
import { hasProgram } from "../support/programs.ts";
import { CLIENT_SAYS, checkExample, EXAMPLES, generated, readExample } from "./support.ts";

const run = promisify(execFile);
const FILES = ["buf.gen.yaml", "go.mod", "go.sum", "main.go"];

test("the Go example does what it says", async () => {
  if (!hasProgram("go", "version")) return;
  const folder = await generated(
    "go",
    FILES.map((name) => readExample(`go/${name}`)),
    async (built) => {
      for (const name of FILES) copyFileSync(join(EXAMPLES, "go", name), join(built, name));
      await run("go", ["build", "-mod=readonly", "-o", "example", "."], { cwd: built });
    },
  );
  await checkExample({ program: join(folder, "example"), args: [] }, CLIENT_SAYS);
});

test.run();

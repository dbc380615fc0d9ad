import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { pythonTests, runPython } from "../../support/python.ts";

const pythonTest = await pythonTests(test);
const ROOT = join(import.meta.dirname, "../../..");

pythonTest("our declarations of the standard interfaces equal the published ones", async (python) => {
  const folder = await mkdtemp(join(tmpdir(), "mcp-metrics-test-"));
  const image = join(folder, "image.binpb");
  execFileSync(join(ROOT, "node_modules/.bin/buf"), ["build", "-o", image], { cwd: ROOT });
  const { compared, differences } = await runPython(python, "standard_interfaces.py", image);
  assert.equal(differences, []);
  // So that a renamed package does not pass by comparing nothing.
  assert.ok(compared >= 60, `${compared} fields, enum values and methods`);
  await rm(folder, { recursive: true });
});

test.run();

/** The memory of an import does not grow with its export. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { runCli } from "../cli/run-cli.ts";
import { freshTarget } from "./imports.ts";
import { assertWhole, writeExport } from "./large-export.ts";

const MIB = 1024 * 1024;

test("200 000 rows are imported in less memory than their file has bytes", async () => {
  const count = 200_000;
  const path = writeExport(count);
  const { size } = statSync(join(path, "server_metrics.csv"));
  const heapMib = 48;
  assert.ok(size > 1.25 * heapMib * MIB, `${size} bytes`);
  const { env, target } = freshTarget({ NODE_OPTIONS: `--max-old-space-size=${heapMib}` });
  const { code, stderr } = await runCli(["import-legacy", path], env);
  assert.is(code, 0, stderr);
  assertWhole(target, count);
});

test.run();

/** An import that was killed goes on without a gap, and what is read of a file is handed on at once. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { findExportFiles, readExport } from "../../src/legacy/export/export-files.ts";
import { openReader } from "../../src/sqlite/file/open.ts";
import { cleanEnvironment, type Env, PROGRAM, runCli, temporaryFolder } from "../cli/run-cli.ts";
import { until } from "../support/wait.ts";
import { dateAgo, SIGNED } from "./directory-export.ts";
import { freshTarget } from "./imports.ts";
import { assertWhole, writeExport } from "./large-export.ts";

test("kill -9 at any moment, and again: nothing is lost and nothing doubled, with ids and without", async () => {
  const count = 24_000;
  const path = writeExport(count);
  const { env, target } = freshTarget();
  for (const rows of [1, 5000, 10_000]) await killAfter(rows, path, env, target);
  const left = pointsIn(target);
  assert.ok(left >= 10_000 && left < count, `${left} were there when it was killed last`);
  const { code, stdout, stderr } = await runCli(["import-legacy", path, "--json"], env);
  assert.is(code, 0, stderr);
  const { server_metrics } = JSON.parse(stdout);
  assert.equal([server_metrics.imported, server_metrics.already_here], [count - left, left]);
  assertWhole(target, count);
  assert.is((await runCli(["import-legacy", path], env)).code, 0);
  assertWhole(target, count);
});

/** For the start of a program on a machine that does other things too; what has ended is noticed at once. */
const ROWS_LIMIT_MS = 300_000;

async function killAfter(rows: number, path: string, env: Env, target: string): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, "import-legacy", path], {
    env: cleanEnvironment(env),
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "exit");
  const said = text(child.stderr);
  await until(`${rows} rows`, () => pointsIn(target) >= rows || child.exitCode !== null, ROWS_LIMIT_MS);
  child.kill("SIGKILL");
  await ended;
  assert.is(child.signalCode, "SIGKILL", `it ended by itself with ${child.exitCode}: ${await said}`);
}

/** Points in a database that perhaps is not made yet. */
function pointsIn(target: string): number {
  try {
    const reader = openReader(target);
    try {
      return Number(reader.first("SELECT count(*) AS n FROM server_points")?.n);
    } finally {
      reader.close();
    }
  } catch {
    return 0;
  }
}

test("rows are handed on while the file is read, whatever its form", () => {
  const folder = temporaryFolder();
  const row = (at: number) => [`row-${at}`, SIGNED, "m", String(at), "gauge", `${dateAgo(1)} 00:00:00+00`];
  const columns = "id, server_id, metric_name, metric_value, metric_type, recorded_at";
  const many = Array.from({ length: 20_000 }, (_, at) => row(at));
  // Each is cut off: who reads it to the end before the first row is handed on, hands on none.
  const forms = {
    "server_metrics.csv": `${columns.replaceAll(" ", "")}\n${many.map((cells) => cells.join(",")).join("\n")}\n"cut`,
    "copy.sql": `COPY server_metrics (${columns}) FROM stdin;\n${many.map((cells) => cells.join("\t")).join("\n")}\n\\.\nSELECT 'cut`,
    "insert.sql": `INSERT INTO server_metrics (${columns}) VALUES\n${many.map((cells) => `('${cells.join("', '")}')`).join(",\n")},\n('cut`,
  };
  for (const [name, content] of Object.entries(forms)) {
    const path = join(folder, name);
    writeFileSync(path, content);
    let rows = 0;
    const read = () => {
      for (const [table] of readExport(findExportFiles(path))) if (table === "server_metrics") rows += 1;
    };
    assert.throws(read, /is cut off/, name);
    assert.is(rows, many.length, name);
  }
});

test.run();

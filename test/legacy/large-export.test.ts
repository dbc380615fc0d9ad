/** Exports of any size: what is read is let go again, and an import that was killed goes on without a gap. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { findExportFiles, readExport } from "../../src/legacy/export/export-files.ts";
import { openReader } from "../../src/sqlite/file/open.ts";
import { readDatabase } from "../../src/sqlite/offline.ts";
import { cleanEnvironment, type Env, PROGRAM, runCli, temporaryFolder } from "../cli/run-cli.ts";
import { until } from "../support/wait.ts";
import { dateAgo, KEYLESS, SIGNED, timeAgo } from "./directory-export.ts";
import { freshTarget } from "./imports.ts";

const MIB = 1024 * 1024;
const HEAD = "id,server_id,metric_name,metric_value,metric_type,metric_tags,recorded_at\n";
/** Makes a row as long as those of a directory are, so that a file is larger than the memory it is read in. */
const TAGS = `"{""endpoint"": ""${"/a/long/path".repeat(20)}""}"`;

/** A folder with servers, and `count` metrics whose sum is known; of every tenth, nobody gave the row an id. */
function writeExport(count: number): string {
  const folder = join(temporaryFolder(), "export");
  mkdirSync(folder);
  writeFileSync(join(folder, "servers.csv"), `id,name\n${SIGNED},Weather\n${KEYLESS},Keyless\n`);
  const file = openSync(join(folder, "server_metrics.csv"), "w");
  writeSync(file, HEAD);
  for (let at = 0; at < count; ) {
    const rows: string[] = [];
    for (const end = Math.min(count, at + 1000); at < end; at += 1) {
      const id = at % 10 === 0 ? "" : `row-${at}`;
      const name = `m${at % 7}`;
      // Rows without an id are equal to others: four at a time.
      const value = at % 10 === 0 ? Math.floor(at / 40) % 5 : at % 1000;
      const server = at % 10 === 0 || at % 3 > 0 ? SIGNED : KEYLESS;
      rows.push(
        `${id},${server},${name},${value},gauge,${TAGS},${timeAgo(1 + (at % 4), at % 10 === 0 ? 1 : at % 24)}\n`,
      );
    }
    writeSync(file, rows.join(""));
  }
  closeSync(file);
  return folder;
}

const COUNT = "SELECT count(*) AS n, total(metric_value) AS sum FROM server_metrics";
const DAYS = `SELECT count(*) AS days, total(count_value) AS n, total(sum_value) AS sum FROM server_metrics_daily`;
/** Points whose day has another count or sum than they add up to. */
const DIFFERENT = `SELECT p.server_id, p.metric_name, substr(p.recorded_at, 1, 10) AS day, count(*) AS n
  FROM server_metrics p JOIN server_metrics_daily d ON d.server_id = p.server_id
    AND d.metric_name = p.metric_name AND d.metric_date = substr(p.recorded_at, 1, 10)
  GROUP BY 1, 2, 3 HAVING n <> d.count_value OR abs(total(p.metric_value) - d.sum_value) > 1e-6`;

const valuesOf = (target: string, sql: string) =>
  readDatabase(target, (database) => database.all(sql).map(({ _metadata, ...row }) => Object.values(row)));

/** What a whole import of the file leaves. */
function assertWhole(target: string, count: number): void {
  const [[n, sum] = []] = valuesOf(target, COUNT);
  assert.is(n, count);
  assert.equal(
    valuesOf(target, DAYS).map(([, ...sums]) => sums),
    [[count, sum]],
  );
  assert.equal(valuesOf(target, DIFFERENT), []);
}

test("kill -9 at any moment, and again: nothing is lost and nothing doubled, with ids and without", async () => {
  const count = 40_000;
  const path = writeExport(count);
  const { env, target } = freshTarget();
  for (const rows of [1, 9000, 20_000]) await killAfter(rows, path, env, target);
  const left = pointsIn(target);
  assert.ok(left >= 20_000 && left < count, `${left} were there when it was killed last`);
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

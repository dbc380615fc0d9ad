/** Exports of many metrics, and how it is known that all of them are stored once. */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { readDatabase } from "../../src/sqlite/offline.ts";
import { temporaryFolder } from "../cli/run-cli.ts";
import { KEYLESS, SIGNED, timeAgo } from "./directory-export.ts";

const HEAD = "id,server_id,metric_name,metric_value,metric_type,metric_tags,recorded_at\n";
/** Makes a row as long as those of a directory are, so that a file is larger than the memory it is read in. */
const TAGS = `"{""endpoint"": ""${"/a/long/path".repeat(20)}""}"`;

/** A folder with servers, and `count` metrics whose sum is known; of every tenth, nobody gave the row an id. */
export function writeExport(count: number): string {
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
export function assertWhole(target: string, count: number): void {
  const [[n, sum] = []] = valuesOf(target, COUNT);
  assert.is(n, count);
  assert.equal(
    valuesOf(target, DAYS).map(([, ...sums]) => sums),
    [[count, sum]],
  );
  assert.equal(valuesOf(target, DIFFERENT), []);
}

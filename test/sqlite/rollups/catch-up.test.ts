/** What a process that died has left to be added up is read again in parts, of which memory never holds many. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { HOUR_MS } from "../../../src/lib/time.ts";
import { Rollups } from "../../../src/sqlite/rollups/rollups.ts";
import { NOW_MS } from "../../support/time.ts";
import { openMigrated } from "../databases.ts";
import { createSubmitter } from "../submitter.ts";

const TOOLS = 500;
const HOURS = 80;
/** Each is a row of its own in every rollup of a tool. */
const METRICS = TOOLS * HOURS;

test("what waits is written before more is read again, and nothing is missing in the end", () => {
  const database = openMigrated();
  createSubmitter(database).submit({ metrics: [{ type: "custom", value: 1 }] });
  // That metric is in nobody's rollups: what follows waits with it to be read again, and not in memory.
  const successor = createSubmitter(database);
  for (let hour = 0; hour < HOURS; hour += 1) {
    const metrics = Array.from({ length: TOOLS }, (_, tool) => ({
      type: "tool_execution",
      value: 1,
      timestamp: NOW_MS - hour * HOUR_MS,
      dimensions: { tool_name: `t${tool}`, server_name: `s${tool}`, client_name: `c${tool}`, success: true },
    }));
    successor.submit({ metrics });
  }
  const rollups = new Rollups(database);
  const rows = () => Number(database.first("SELECT count(*) AS rows FROM rollups_hourly")?.rows);
  let timesFull = 0;
  for (let target = rollups.flushStep(NOW_MS); target !== undefined; ) {
    const [isFull, before] = [rollups.isFull, rows()];
    target = rollups.flushStep(NOW_MS, target);
    if (!isFull) continue;
    timesFull += 1;
    assert.ok(rows() > before, `more was read while ${before} rows were all that was written`);
  }
  assert.ok(timesFull > 1, `${timesFull} times full`);
  const sql = "SELECT sum(count) AS count FROM metrics_hourly WHERE metric_type = 'tool_execution'";
  assert.is(database.first(sql)?.count, METRICS);
  database.close();
});

test.run();

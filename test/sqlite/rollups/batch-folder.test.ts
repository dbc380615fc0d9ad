import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { NOW_MS } from "../../support/time.ts";
import { openMigrated } from "../databases.ts";
import { createSubmitter } from "../submitter.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

const METRICS = Array.from({ length: 5_000 }, (_, index) => ({
  type: "tool_execution",
  value: 1,
  timestamp: NOW_MS,
  dimensions: {
    tool_name: `tool ${index % 500}`,
    server_name: `server ${Math.floor(index / 500)}`,
    success: true,
  },
}));

test("memory does not grow with the instances of a service times its combinations, and all are counted", () => {
  const database = openMigrated();
  const submitter = createSubmitter(database);
  const { rollups } = submitter;
  const submitVersions = (from: number, to: number) => {
    for (let version = from; version < to; version += 1)
      submitter.submit({ version: `${version}`, metrics: METRICS });
  };
  submitVersions(0, 20);
  const before = heapBytes();
  submitVersions(20, 40);
  const grownMb = (heapBytes() - before) / 1e6;
  assert.ok(grownMb < 50, `${grownMb} MB for 100 000 more`);
  for (let target = rollups.flushStep(NOW_MS); target !== undefined; ) {
    target = rollups.flushStep(NOW_MS, target);
  }
  const sql = "SELECT count FROM metrics_daily WHERE metric_type = 'tool_execution'";
  assert.is(database.first(sql)?.count, 40 * METRICS.length);
  database.close();
});

test.run();

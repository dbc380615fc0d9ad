/** Where the machine believes to be must not change what is stored. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { startService } from "../bench/service-process.ts";
import { DAY_MS } from "../src/lib/time.ts";
import { submitMetrics } from "./support/http.ts";
import { openRows } from "./support/sql.ts";

const KEY = "timezone-key-for-tests-01";
const ZONES = ["UTC", "America/New_York", "Asia/Kolkata"];

/** Times around the hours that New York skips and repeats, in every spelling. */
function spellings(): readonly { readonly sent: string | number; readonly ms: number }[] {
  const year = new Date().getUTCFullYear() - 1;
  return [
    `${year}-03-09T02:30:00`,
    `${year}-11-02T01:30:00`,
    `${year}-07-01T23:45:00`,
    `${year}-01-01T00:00:00`,
  ]
    .map((naive) => ({ naive, ms: Date.parse(`${naive}Z`) }))
    .flatMap(({ naive, ms }) => [
      { sent: naive, ms },
      { sent: naive.replace("T", " "), ms },
      { sent: `${naive}.123456`, ms: ms + 123 },
      { sent: `${naive}Z`, ms },
      { sent: `${naive}-05:00`, ms: ms + (5 * DAY_MS) / 24 },
      { sent: ms / 1000, ms },
      { sent: ms, ms },
    ]);
}

/** What a service in that zone stores for the same submission. */
async function storedIn(zone: string, sent: readonly (string | number)[]) {
  const folder = mkdtempSync(join(tmpdir(), "mcp-metrics-"));
  const databasePath = join(folder, "metrics.db");
  const service = await startService({ databasePath, keys: { test: KEY }, env: { TZ: zone } });
  const submit = (metrics: readonly object[]) =>
    submitMetrics(`http://127.0.0.1:${service.port}`, metrics, { key: KEY });
  const metrics = sent.map((timestamp) => ({ type: "auth_request", value: 1, timestamp }));
  const answers = [await submit(metrics), await submit([{ type: "custom", value: 1 }])];
  assert.equal(
    answers.map(({ status }) => status),
    [200, 200],
    answers[0]?.text,
  );
  const rows = openRows(databasePath);
  const dated = rows.all("SELECT timestamp FROM auth_metrics ORDER BY id").map((row) => row.timestamp);
  const [now] = rows.all("SELECT timestamp, created_at FROM metrics WHERE metric_type = 'custom'");
  const [key] = rows.all("SELECT created_at FROM api_keys");
  rows.close();
  const { code } = await service.stop("SIGTERM");
  assert.is(code, 0);
  rmSync(folder, { recursive: true });
  return { dated, times: [now?.timestamp, now?.created_at, key?.created_at] };
}

for (const zone of ZONES) {
  test(`a service in ${zone} stores the instants that were meant`, async () => {
    const cases = spellings();
    const startedMs = Date.now();
    const { dated, times } = await storedIn(
      zone,
      cases.map(({ sent }) => sent),
    );
    assert.equal(
      dated,
      cases.map(({ ms }) => new Date(ms).toISOString()),
    );
    for (const time of times) {
      assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      const ms = Date.parse(String(time));
      // created_at is the second of arrival.
      assert.ok(ms >= startedMs - 1000 && ms <= Date.now(), `${time} is not now`);
    }
  });
}

test.run();

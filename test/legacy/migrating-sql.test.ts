/** The SQL of docs/migrating.md, on a database as the service writes it. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { HOUR_MS } from "../../src/lib/time.ts";
import { createShiftedClock } from "../composer/shifted-clock.ts";
import { submitMetrics } from "../support/http.ts";
import { startTestService } from "../support/service.ts";
import { readRows } from "../support/sql.ts";

const GUIDE = readFileSync(new URL("../../docs/migrating.md", import.meta.url), "utf8");

test("what was stored, or happened, within five minutes is found, and nothing before it", async () => {
  const clock = createShiftedClock();
  const service = await startTestService({}, clock);
  // An hour ago, and now: on most days both are of one day, which is where a space and a T differ.
  for (const ms of [-HOUR_MS, HOUR_MS]) {
    clock.advance(ms);
    assert.is((await submitMetrics(service.url, [{ type: "custom", value: 1 }])).status, 200);
  }
  const [sql = ""] = /(?<=```sql\n).*?(?=\n```)/s.exec(GUIDE) ?? [];
  const count = (statement: string) => Object.values(readRows(service.databasePath, statement)[0] ?? {});
  assert.equal(count(sql), [1]);
  assert.equal(count(sql.replace("created_at", "timestamp")), [1]);
  assert.equal(count("SELECT count(*) FROM metrics"), [2]);
  await service.close();
});

test.run();

import { test } from "uvu";
import * as assert from "uvu/assert";
import { createKey } from "../../../src/sqlite/keys/key-store.ts";
import { verifyRollups } from "../../../src/sqlite/rollups/verify.ts";
import { NOW_MS } from "../../support/time.ts";
import { within } from "../submitter.ts";

const KEY = {
  keyHash: "",
  service: "",
  role: "writer",
  rateLimit: 1,
  allowedServices: [] as string[],
  expiresMs: undefined,
  description: "",
  dailyUsageLimit: undefined,
  monthlyUsageLimit: undefined,
} as const;

/** More services than a family has keys, and more values than one service may have. */
const SERVICES = 20_500;
const VALUES = 2_500;

test("a key that writes as 20 500 services, with values without end, takes no rollup key from services that have keys", () => {
  within((database, { submit, rollups }) => {
    createKey(database, { ...KEY, keyHash: "1", service: "noisy" }, NOW_MS);
    createKey(
      database,
      { ...KEY, keyHash: "2", service: "quiet", allowedServices: ["sister", "team-*"] },
      NOW_MS,
    );
    const call = (name: string) => ({
      type: "auth_request",
      value: 1,
      duration_ms: 5,
      dimensions: { success: true, method: `m-${name}`, server: `s-${name}` },
    });
    const many = Array.from({ length: VALUES }, (_, index) => call(`${index}`));
    submit({ service: "noisy", metrics: many });
    for (let at = 0; at < SERVICES; at += 500) {
      const services = Array.from({ length: 500 }, (_, index) => `noisy-${at + index}`);
      submit(...services.map((service) => ({ service, metrics: [call(service)] })));
    }
    const own = Array.from({ length: 300 }, (_, index) => call(`own-${index}`));
    for (const service of ["quiet", "sister", "team-x"]) submit({ service, metrics: own });
    while (rollups.flushStep(NOW_MS) !== undefined);
    const keysOf = (service: string) =>
      database.all(
        `SELECT f.dimensions, count(*) AS keys, sum(k.dimension_values LIKE '%_other%') AS folded
         FROM rollup_keys AS k JOIN rollup_families AS f ON f.id = k.family_id
         WHERE k.service = ? AND f.metric_type = 'auth_request' GROUP BY f.id ORDER BY f.id`,
        service,
      );
    for (const service of ["quiet", "sister"]) {
      const keys = keysOf(service);
      assert.equal(
        keys.map((row) => [row.keys, row.folded]),
        keys.map((row) => [row.dimensions === "[]" ? 1 : 300, 0]),
        service,
      );
    }
    assert.equal(keysOf("team-x"), [], "a pattern names any number of services");
    assert.is(keysOf("noisy").at(-1)?.keys, 2001);
    const hours = database.all(
      "SELECT service, total_count, p95_duration_ms FROM metrics_hourly WHERE service IN ('quiet', '_other')",
    );
    assert.equal(
      hours.map((row) => `${row.service} ${row.total_count}`).sort(),
      ["_other 801", "quiet 300"],
      "what found no place is in one row, and quiet's own is whole",
    );
    assert.equal(verifyRollups(database).differences, []);
  });
});

test.run();

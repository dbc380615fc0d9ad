import { test } from "uvu";
import * as assert from "uvu/assert";
import { verifyRollups } from "../../../src/sqlite/rollups/verify.ts";
import { NOW_MS } from "../../support/time.ts";
import { createSubmitter, within } from "../submitter.ts";

const call = (server: string) => ({
  type: "auth_request",
  value: 1,
  dimensions: { success: true, method: "m", server },
});

const KEYS = `SELECT count(*) AS keys, sum(length(k.dimension_values)) AS characters
  FROM rollup_keys AS k JOIN rollup_families AS f ON f.id = k.family_id
  WHERE f.metric_type = 'auth_request' AND f.dimensions <> '[]' AND k.service = ?`;

test("the keys of a service are bounded in characters, those of another are not fewer for it, also after a start", () => {
  within((database, submitter) => {
    const long = (at: number) => call(`${at}`.padEnd(200, "x"));
    for (const start of [() => submitter, () => createSubmitter(database)]) {
      const { submit, rollups } = start();
      submit({ service: "noisy", metrics: Array.from({ length: 2500 }, (_, at) => long(at)) });
      submit({ service: "quiet", metrics: Array.from({ length: 1990 }, (_, at) => call(`s${at}`)) });
      while (rollups.flushStep(NOW_MS) !== undefined);
      const noisy = database.first(KEYS, "noisy");
      assert.ok(Number(noisy?.characters) > 399_000 && Number(noisy?.characters) < 401_000);
      assert.ok(Number(noisy?.keys) < 1950, "fewer than by their number");
      assert.is(database.first(KEYS, "quiet")?.keys, 1990);
    }
    assert.equal(verifyRollups(database).differences, []);
  });
});

test.run();

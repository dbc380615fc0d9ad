import { test } from "uvu";
import * as assert from "uvu/assert";
import { verifyRollups } from "../../../src/sqlite/rollups/verify.ts";
import { NOW_MS } from "../../support/time.ts";
import { createSubmitter, within } from "../submitter.ts";

const STATUSES = [200, "204", 404, 500, "503", 999, "abc", undefined];

test("beyond the cap of a family success and failure stay apart, by the type's own words for them", () => {
  within((database) => {
    const submitter = createSubmitter(database);
    const requests = Array.from({ length: 3_000 }, (_, index) => ({
      type: "http_request",
      value: 1,
      duration_ms: 1,
      dimensions: {
        method: "GET",
        endpoint: `/e${index}`,
        status_code: STATUSES[index % STATUSES.length] ?? null,
      },
    }));
    submitter.submit({ metrics: requests });
    while (submitter.rollups.flushStep(NOW_MS) !== undefined);
    assert.equal(verifyRollups(database).differences, []);
    const rows = database.all(
      `SELECT k.dimension_values AS name, sum(r.count) AS count, sum(r.success_count) AS successes,
         sum(r.failure_count) AS failures
       FROM rollup_families AS f JOIN rollup_keys AS k ON k.family_id = f.id JOIN rollups_hourly AS r ON r.key_id = k.id
       WHERE f.metric_type = 'http_request' AND f.dimensions <> '[]' AND k.dimension_values LIKE '["_other"%'
       GROUP BY k.id ORDER BY k.dimension_values`,
    );
    assert.equal(
      rows.map(({ name, count, successes, failures }) => `${name} ${count} ${successes} ${failures}`),
      [
        '["_other","_other","2xx"] 250 250 0',
        '["_other","_other","4xx"] 125 125 0',
        '["_other","_other","5xx"] 250 0 250',
        '["_other","_other","_other"] 250 0 0',
        '["_other","_other",null] 125 0 0',
      ],
    );
  });
});

test.run();

import { test } from "uvu";
import * as assert from "uvu/assert";
import { LIMITS } from "../../src/catalogue/limits.ts";
import { deleteExpiredIdempotencyKeys } from "../../src/sqlite/metrics/idempotency-store.ts";
import { NOW_MS } from "../support/time.ts";
import { within } from "./submitter.ts";

test("expired answers are deleted in steps of the size that was asked for", () => {
  within((database, submitter) => {
    for (let key = 0; key < 5; key += 1) {
      submitter.submit({ metrics: [{ type: "custom", value: 1 }], idempotencyKey: `k${key}` });
    }
    const later = NOW_MS + LIMITS.IDEMPOTENCY_MS;
    assert.equal(
      [2, 2, 2, 2].map((rows) => deleteExpiredIdempotencyKeys(database, later, rows)),
      [2, 2, 1, 0],
    );
  });
});

test.run();

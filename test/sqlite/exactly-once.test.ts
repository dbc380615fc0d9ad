import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LIMITS } from "../../src/catalogue/limits.ts";
import { deleteExpiredIdempotencyKeys } from "../../src/sqlite/metrics/idempotency-store.ts";
import type { Request } from "../store/submissions.ts";
import { NOW_MS } from "../support/time.ts";
import { createSubmitter, within } from "./submitter.ts";

/** Around the numbers of rows that go into one statement. */
const SIZES = [1, 2, 15, 16, 17, 127, 128, 129, 300] as const;

interface Planned {
  readonly apiKeyId: number;
  readonly idempotencyKey: string | undefined;
  readonly size: number;
}

const request: fc.Arbitrary<Planned> = fc.record({
  apiKeyId: fc.constantFrom(1, 2),
  idempotencyKey: fc.constantFrom("a", "b", "c", undefined),
  size: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(1, 2, 3) }, fc.constantFrom(...SIZES)),
});

test("each idempotency key stores once, in any arrangement of keys, sizes, batches and restarts", () => {
  const batches = fc.array(
    fc.record({ requests: fc.array(request, { minLength: 1, maxLength: 8 }), restart: fc.boolean() }),
    {
      minLength: 1,
      maxLength: 5,
    },
  );
  fc.assert(
    fc.property(batches, (plan) => {
      within((database, first) => {
        let submitter = first;
        const used = new Set<string>();
        const expected: number[] = [];
        let nextValue = 0;
        for (const { requests, restart } of plan) {
          if (restart) submitter = createSubmitter(database);
          const expectedDuplicates: number[] = [];
          let keyed = 0;
          const sent = requests.map((planned): Request => {
            const values = Array.from({ length: planned.size }, () => nextValue++);
            const name = `${planned.apiKeyId} ${planned.idempotencyKey}`;
            const isDuplicate = planned.idempotencyKey !== undefined && used.has(name);
            if (isDuplicate) expectedDuplicates.push(keyed);
            else expected.push(...values);
            if (planned.idempotencyKey !== undefined) {
              used.add(name);
              keyed += 1;
            }
            return toRequest(planned, values);
          });
          const { duplicates } = submitter.submit(...sent);
          assert.equal(
            duplicates.map(({ index }) => index),
            expectedDuplicates,
          );
        }
        const stored = database.all("SELECT value FROM metrics ORDER BY id").map(({ value }) => value);
        assert.equal(stored, expected);
      });
    }),
    { numRuns: 40 },
  );
});

function toRequest({ apiKeyId, idempotencyKey }: Planned, values: readonly number[]): Request {
  const metrics = values.map((value) => ({
    type: "custom",
    value,
    dimensions: { metric_name: `m${value % 5}` },
  }));
  return { apiKeyId, metrics, ...(idempotencyKey !== undefined && { idempotencyKey }) };
}

for (const size of SIZES) {
  test(`${size} rows are stored in their order, whatever the statements they are split into`, () => {
    within((database, submitter) => {
      const values = Array.from({ length: size }, (_, index) => index);
      submitter.submit(toRequest({ apiKeyId: 1, idempotencyKey: undefined, size }, values));
      assert.equal(
        database.all("SELECT value FROM metrics ORDER BY id").map(({ value }) => value),
        values,
      );
    });
  });
}

test("a repeated key gets what was answered first, and whose request that was", () => {
  within((_, submitter) => {
    const keyed = (fingerprint: string, answer: string) => {
      const submission = submitter.toSubmission({ metrics: [{ type: "custom", value: 1 }] });
      submitter.builder.add({ ...submission, idempotency: { key: "k", fingerprint, answer } });
      return submitter.store.commit(submitter.builder.take(), NOW_MS).duplicates;
    };
    assert.equal(keyed("one", '{"first":1}'), []);
    assert.equal(keyed("two", '{"second":2}'), [
      { index: 0, stored: { fingerprint: "one", answer: '{"first":1}' } },
    ]);
  });
});

test("a key is forgotten after 24 hours, not a millisecond earlier, whether or not it was cleaned up", () => {
  within((database, submitter) => {
    const store = (nowMs: number) => {
      const metrics = [{ type: "custom", value: 1 }];
      submitter.builder.add(submitter.toSubmission({ metrics, idempotencyKey: "k" }));
      return submitter.store.commit(submitter.builder.take(), nowMs).duplicates.length;
    };
    const end = NOW_MS + LIMITS.IDEMPOTENCY_MS;
    assert.is(store(NOW_MS), 0);
    assert.is(deleteExpiredIdempotencyKeys(database, end - 1, 10), 0);
    assert.is(store(end - 1), 1);
    assert.is(store(end), 0);
    assert.is(deleteExpiredIdempotencyKeys(database, end + LIMITS.IDEMPOTENCY_MS, 10), 1);
    assert.is(database.all("SELECT * FROM metrics").length, 2);
  });
});

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

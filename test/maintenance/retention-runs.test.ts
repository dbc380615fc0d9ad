/** Cleanups go by the time that can be trusted, whatever the clock says, and by no other. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createLogger } from "../../src/lib/logger.ts";
import { DAY_MS, HOUR_MS } from "../../src/lib/time.ts";
import type { CleanupStore } from "../../src/maintenance/cleanup.ts";
import { createRetentionRuns } from "../../src/maintenance/retention-runs.ts";
import { RETENTION_TABLES } from "../../src/store/retention.ts";
import { TestClock } from "../support/time.ts";

/** Runs whose trusted time is behind the clock by `leadMs`; the store tells by what time it was asked to delete. */
function setup(leadMs: number) {
  const clock = new TestClock();
  const trustedMs = () => clock.wallMs() - leadMs;
  const expired: number[] = [];
  const keysBefore: number[] = [];
  const logs: Record<string, unknown>[] = [];
  const store: CleanupStore = {
    metrics: {
      flushRollups: async () => {},
      deleteUnusedRollupKeys: async (beforeDay) => void keysBefore.push(beforeDay),
    },
    retention: {
      listPolicies: async () =>
        RETENTION_TABLES.map(({ name }) => ({
          tableName: name,
          retentionDays: 365,
          isActive: true,
          timestampColumn: "",
        })),
      async deleteExpired({ nowMs, tables }, _pace, onDeleted) {
        expired.push(nowMs);
        onDeleted({ [tables[0] ?? ""]: 1 });
      },
    },
    upkeep: { giveBackSpace: async () => {} },
  };
  const counted = { deleted: 0, failed: 0 };
  const runs = createRetentionRuns({
    store,
    clock,
    time: {
      follow: async () => {},
      nowMs: trustedMs,
      leadMs: () => leadMs,
      trustWall: async () => {},
    },
    isBusy: () => false,
    signal: new AbortController().signal,
    observer: {
      onDeleted: (rows) => {
        counted.deleted += rows;
      },
      onFailed: () => {
        counted.failed += 1;
      },
    },
    logger: createLogger({
      level: "debug",
      write: (line) => void logs.push(JSON.parse(line)),
      wallMs: clock.wallMs,
    }),
  });
  const warnings = () => logs.filter(({ message }) => String(message).startsWith("the clock is ahead"));
  return { runs, clock, trustedMs, expired, keysBefore, counted, warnings };
}

for (const leadMs of [0, HOUR_MS, DAY_MS, DAY_MS + 1, 90 * DAY_MS]) {
  for (const kind of ["by schedule", "on demand"]) {
    test(`${kind}, with a clock that is ${leadMs / HOUR_MS} h ahead`, async () => {
      const { runs, trustedMs, expired, keysBefore, counted, warnings } = setup(leadMs);
      if (kind === "by schedule") await runs.scheduled();
      else await runs.run(RETENTION_TABLES);
      assert.ok(expired.length > 1);
      assert.ok(expired.every((ms) => ms === trustedMs()));
      assert.equal(keysBefore, [Math.floor(trustedMs() / DAY_MS) - 365]);
      assert.equal(counted, { deleted: expired.length, failed: 0 });
      const isSaid = kind === "by schedule" && leadMs > DAY_MS;
      assert.is(warnings().length, isSaid ? 1 : 0);
    });
  }
}

test("each run asks for the time anew", async () => {
  const { runs, clock, expired, trustedMs } = setup(90 * DAY_MS);
  await runs.run(RETENTION_TABLES.slice(0, 1));
  const first = trustedMs();
  clock.advance(DAY_MS);
  await runs.run(RETENTION_TABLES.slice(0, 1));
  assert.equal(expired, [first, first + DAY_MS]);
});

test.run();

import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DAY_MS } from "../../../src/lib/time.ts";
import type { Database } from "../../../src/sqlite/file/database.ts";
import { deleteExpired } from "../../../src/sqlite/retention/operations.ts";
import { listPolicies } from "../../../src/sqlite/retention/policies.ts";
import { cutoffOf } from "../../../src/store/retention.ts";
import { NOW_MS } from "../../support/time.ts";
import { crashImage, openUnmigrated } from "../databases.ts";
import { cleanUp, GROUPS, previewed, setDays, setup, TYPE_OF, times } from "./cleanups.ts";

const TABLES = GROUPS[0] ?? [];

const OLD_MS = NOW_MS - 200 * DAY_MS;

/** Around the cutoffs of 1, 2 and 3 days, many at the same instant. */
const metric = fc.record({
  table: fc.constantFrom(...TABLES),
  timeMs: fc
    .tuple(fc.integer({ min: 0, max: 4 }), fc.constantFrom(-1, 0, 0, 0, 1, 5000))
    .map(([days, offset]) => NOW_MS - days * DAY_MS - offset),
});
const policies = fc.tuple(
  ...TABLES.map(() => fc.record({ days: fc.integer({ min: 1, max: 3 }), isActive: fc.boolean() })),
);

/** Event times by table. */
type Model = Readonly<Record<string, readonly number[]>>;

function stored(database: Database): Model {
  return Object.fromEntries(Object.entries(TYPE_OF).map(([table, type]) => [table, times(database, type)]));
}

test("a cleanup deletes what a preview counts, and a model says, in steps of any size, killed at any of them", () => {
  fc.assert(
    fc.property(
      fc.array(metric, { maxLength: 60 }),
      policies,
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 0, max: 8 }),
      (metrics, days, rowsMax, killedAfter) => {
        const { path, database, submit, rollUp } = setup();
        for (const { table, timeMs } of metrics) submit(TYPE_OF[table] ?? "", timeMs);
        rollUp();
        for (const [index, table] of TABLES.entries()) {
          setDays(database, table, days[index]?.days ?? 1, days[index]?.isActive);
        }
        const expected: Record<string, readonly number[]> = { ...stored(database) };
        const goes: Record<string, number> = {};
        for (const policy of listPolicies(database).filter(({ tableName }) => TABLES.includes(tableName))) {
          const before = expected[policy.tableName] ?? [];
          const cutoffMs = cutoffOf(policy, NOW_MS) ?? 0;
          expected[policy.tableName] = before.filter((timeMs) => timeMs >= cutoffMs);
          const gone = before.length - (expected[policy.tableName]?.length ?? 0);
          if (gone > 0) goes[policy.tableName] = gone;
        }
        assert.equal(previewed(database, TABLES), goes);
        let cursor: unknown;
        for (let step = 0; step < killedAfter; step += 1) {
          cursor = deleteExpired(database, { tables: TABLES, nowMs: NOW_MS, cursor, rowsMax }).next;
          if (cursor === undefined) break;
        }
        const survivor = openUnmigrated(crashImage(path));
        database.close();
        cleanUp(survivor, TABLES, NOW_MS, rowsMax);
        assert.equal(stored(survivor), expected);
        assert.equal(cleanUp(survivor, TABLES, NOW_MS, rowsMax).deleted, {});
        survivor.close();
      },
    ),
    { numRuns: 60 },
  );
});

test("rows that stay are looked at once, however many happened at one instant", () => {
  const { database, submit, rollUp } = setup();
  setDays(database, "auth_metrics", 1, false);
  submit("auth_request", ...Array<number>(500).fill(OLD_MS));
  submit("tool_execution", ...Array<number>(20).fill(OLD_MS + 1));
  rollUp();
  const { deleted, steps } = cleanUp(database, TABLES, NOW_MS, 10);
  assert.equal(deleted, { tool_metrics: 20 });
  assert.is(steps, 520 / 10 + 1);
  database.close();
});

test("that rows are missing is noted with the first that goes, and never taken back", () => {
  const { database, submit, rollUp } = setup();
  submit("auth_request", OLD_MS, OLD_MS + 1, OLD_MS + 2);
  submit("tool_execution", NOW_MS);
  rollUp();
  const noted = (table: string) =>
    database.first("SELECT deleted_before_ms AS ms FROM retention_policies WHERE table_name = ?", table)?.ms;
  deleteExpired(database, { tables: TABLES, nowMs: NOW_MS, cursor: undefined, rowsMax: 1 });
  assert.equal(times(database, "auth_request"), [OLD_MS + 1, OLD_MS + 2]);
  assert.is(noted("auth_metrics"), NOW_MS - 90 * DAY_MS);
  assert.is(noted("tool_metrics"), null);
  deleteExpired(database, { tables: TABLES, nowMs: NOW_MS - DAY_MS, cursor: undefined, rowsMax: 1 });
  assert.is(noted("auth_metrics"), NOW_MS - 90 * DAY_MS);
  database.close();
});

test("a policy that is turned off during a cleanup ends it", () => {
  const { database, submit, rollUp } = setup();
  submit("auth_request", OLD_MS, OLD_MS + 1, OLD_MS + 2);
  rollUp();
  const first = deleteExpired(database, { tables: TABLES, nowMs: NOW_MS, cursor: undefined, rowsMax: 1 });
  setDays(database, "auth_metrics", 90, false);
  const step = { tables: TABLES, nowMs: NOW_MS, cursor: first.next, rowsMax: 10 };
  assert.equal(deleteExpired(database, step).done, {});
  assert.equal(times(database), [OLD_MS + 1, OLD_MS + 2]);
  database.close();
});

test.run();

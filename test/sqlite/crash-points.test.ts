import Libsql from "libsql";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Database } from "../../src/sqlite/file/database.ts";
import { crashImage, openMigrated, openUnmigrated, temporaryPath } from "./databases.ts";
import { createSubmitter } from "./submitter.ts";

/** Throws at its `at`-th call to SQLite, before or after carrying it out. */
interface Fault {
  readonly at: number;
  readonly when: "before" | "after";
}

/** Stands for a full disk: what the caller sees is the same. */
const diskFull = () => Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });

/** A connection that fails once after it was armed, and tells `onFault` while the files are as that moment has left them. */
function faulty(path: string, fault: Fault, onFault: () => void = () => {}) {
  const real = new Libsql(path);
  // The smallest cache: rows reach the log before their commit does.
  real.exec("PRAGMA synchronous = FULL; PRAGMA cache_size = 1");
  let calls = 0;
  let isArmed = false;
  let callsToCommit = 0;
  function call<Result>(work: () => Result): Result {
    if (!isArmed) return work();
    calls += 1;
    if (calls !== fault.at) return work();
    if (fault.when === "after") work();
    onFault();
    throw diskFull();
  }
  const connection = {
    exec: (sql: string) => (sql === "ROLLBACK" ? real.exec(sql) : call(() => real.exec(sql))),
    prepare(sql: string) {
      const statement = real.prepare(sql);
      return {
        reader: statement.reader,
        run(values: unknown[]) {
          if (sql === "COMMIT" && callsToCommit === 0 && isArmed) callsToCommit = calls + 1;
          return call(() => statement.run(values));
        },
        all: (values: unknown[]) => call(() => statement.all(values)),
        get: (values: unknown[]) => call(() => statement.get(values)),
      };
    },
    get inTransaction() {
      return real.inTransaction;
    },
    close: () => real.close(),
  };
  // Only what Database uses of a connection.
  const database = new Database(connection as unknown as Libsql.Database);
  const arm = () => {
    isArmed = true;
  };
  return { database, arm, callsToCommit: () => callsToCommit };
}

const metrics = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({
    type: "tool_execution",
    value: from + index,
    dimensions: { tool_name: `t${(from + index) % 3}`, other: "x" },
  }));

const BEFORE = { metrics: metrics(0, 3), idempotencyKey: "before" };
/** Of every size of statement, with two keys, one of them used already. */
const BATCH = [
  { metrics: metrics(1000, 150), idempotencyKey: "one" },
  BEFORE,
  { metrics: metrics(2000, 20), idempotencyKey: "two" },
];
const EXPECTED = [BEFORE, BATCH[0], BATCH[2]].flatMap((request) =>
  (request?.metrics ?? []).map(({ value }) => value),
);

/** A database that holds BEFORE. */
const TEMPLATE = (() => {
  const path = temporaryPath();
  const database = openMigrated(path);
  createSubmitter(database).submit(BEFORE);
  const image = crashImage(path);
  database.close();
  return image;
})();

const CALLS = (() => {
  const { database, arm, callsToCommit } = faulty(crashImage(TEMPLATE), { at: 0, when: "before" });
  const submitter = createSubmitter(database);
  arm();
  submitter.submit(...BATCH);
  database.close();
  return callsToCommit();
})();

function valuesIn(database: Database): readonly unknown[] {
  return database.all("SELECT value FROM metrics ORDER BY id").map(({ value }) => value);
}

/** After a COMMIT that was carried out, whatever its caller was told. */
const isCommitted = ({ at, when }: Fault) => at === CALLS && when === "after";

function assertRetryStoresOnce(database: Database, fault: Fault): void {
  const label = `${fault.when} call ${fault.at}`;
  const there = isCommitted(fault) ? EXPECTED.length : BEFORE.metrics.length;
  assert.is(valuesIn(database).length, there, label);
  createSubmitter(database).submit(...BATCH);
  assert.equal(valuesIn(database), EXPECTED, label);
  assert.is(database.first("PRAGMA integrity_check")?.integrity_check, "ok", label);
}

for (const when of ["before", "after"] as const) {
  // A BEGIN that reports a failure has not begun anything.
  const first = when === "after" ? 2 : 1;

  test(`a failure ${when} any of the ${CALLS} calls of a commit keeps all or nothing; a retry stores once`, () => {
    for (let at = first; at <= CALLS; at += 1) {
      const { database, arm } = faulty(crashImage(TEMPLATE), { at, when });
      const submitter = createSubmitter(database);
      arm();
      assert.throws(() => submitter.submit(...BATCH), /full/);
      assertRetryStoresOnce(database, { at, when });
      database.close();
    }
  });

  test(`a failure ${when} any of the ${CALLS} calls leaves the store itself able to take the batch again`, () => {
    for (let at = first; at <= CALLS; at += 1) {
      const { database, arm } = faulty(crashImage(TEMPLATE), { at, when });
      const submitter = createSubmitter(database);
      arm();
      assert.throws(() => submitter.submit(...BATCH), /full/);
      submitter.submit(...BATCH);
      assert.equal(valuesIn(database), EXPECTED, `${when} call ${at}`);
      database.close();
    }
  });

  test(`kill -9 ${when} any of the ${CALLS} calls loses nothing that was answered; a retry stores once`, () => {
    for (let at = first; at <= CALLS; at += 1) {
      const path = crashImage(TEMPLATE);
      let image = "";
      const { database, arm } = faulty(path, { at, when }, () => {
        image = crashImage(path);
      });
      const submitter = createSubmitter(database);
      arm();
      assert.throws(() => submitter.submit(...BATCH), /full/);
      database.close();
      const survivor = openUnmigrated(image);
      assertRetryStoresOnce(survivor, { at, when });
      survivor.close();
    }
  });
}

test.run();

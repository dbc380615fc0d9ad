import { closeSync, openSync } from "node:fs";
import Libsql from "libsql";
import { type Bindable, bind, type SqlValue } from "./bind.ts";
import { giveIdentity, readIdentity, rejectForeignLog, rejectLoneLog } from "./identity.ts";

/** A row as the driver returns it. It also carries a key `_metadata`: read columns, never spread. */
export type Row = Record<string, string | number | null>;

type Statement = Libsql.Statement;

/**
 * One connection to the database file.
 *
 * Exactly one connection in one process writes and checkpoints: libsql 0.5.29 carries SQLite 3.45.1,
 * where two connections that write or checkpoint at the same instant can lose committed data (the
 * WAL-reset bug, fixed upstream in 3.51.3). Readers are opened with `openReader`, which can do neither.
 *
 * Statements are cached by their text, because an uncached `prepare` leaks: pass constant SQL.
 */
export class Database {
  readonly #connection: Libsql.Database;
  readonly #statements = new Map<string, Statement>();

  constructor(connection: Libsql.Database) {
    this.#connection = connection;
  }

  /** @throws when the statement returns rows, which is for `all`. */
  run(sql: string, ...values: readonly SqlValue[]): { readonly changes: number } {
    const statement = this.#prepare(sql);
    // libsql 0.5.29 leaves it half-way then: no table can be dropped any more ("database table is
    // locked"), and the log can never be started anew.
    if (statement.reader) throw new Error(`run() was given a statement that returns rows: ${sql}`);
    return { changes: statement.run(values.map(bind)).changes };
  }

  /** As `run`, for values that are known to be bindable: the insert path passes thousands at a time. */
  runBound(sql: string, values: readonly Bindable[]): void {
    this.#prepare(sql).run(values);
  }

  all(sql: string, ...values: readonly SqlValue[]): Row[] {
    return this.#prepare(sql).all(values.map(bind)) as Row[];
  }

  first(sql: string, ...values: readonly SqlValue[]): Row | undefined {
    return this.all(sql, ...values)[0];
  }

  /** Run several statements, uncached: migrations and pragmas. */
  script(sql: string): void {
    this.#connection.exec(sql);
  }

  /** Everything `work` writes, or nothing. Does not nest; `work` must not be asynchronous. */
  transaction<Result>(work: () => Result): Result {
    this.#prepare("BEGIN IMMEDIATE").run([]);
    try {
      const result = work();
      this.#prepare("COMMIT").run([]);
      return result;
    } catch (error) {
      // A full disk has rolled back already, and a second ROLLBACK throws.
      if (this.#connection.inTransaction) this.script("ROLLBACK");
      throw error;
    }
  }

  close(): void {
    this.#statements.clear();
    this.#connection.close();
  }

  #prepare(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#connection.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** What the writing connection relies on; read back after being set, since libsql ignores what it does not know. */
const WRITER_PRAGMAS = {
  journal_mode: "wal",
  // FULL: a commit returns after its fsync, so that a power cut loses nothing that was acknowledged.
  synchronous: 2,
  wal_autocheckpoint: 1000,
  foreign_keys: 0,
} as const;

/**
 * Open the one connection that writes. The caller holds the lock of `lock.ts`.
 *
 * `check` sees the database before anything of it is changed, and throws to refuse it.
 *
 * @throws when the file is no database, or a pragma does not take.
 */
export function openWriter(path: string, check: (database: Database) => void): Database {
  rejectLoneLog(path);
  // Made here for its mode, which SQLite gives to the log beside it too. libsql would follow the umask.
  closeSync(openSync(path, "a", 0o600));
  const identity = readIdentity(path);
  // Looked at through a connection that cannot write: one that can would move the log of a killed
  // process into the file, also when the file is then refused.
  const reader = openReader(path);
  try {
    rejectForeignLog(path, identity, reader);
    check(reader);
  } finally {
    reader.close();
  }
  const database = new Database(new Libsql(path));
  // Only takes effect on a file without tables: lets freed pages be given back without VACUUM.
  database.script("PRAGMA auto_vacuum = INCREMENTAL");
  // Before there is a log: the file itself must say it.
  if (identity === undefined) giveIdentity(database);
  for (const [pragma, wanted] of Object.entries(WRITER_PRAGMAS)) {
    database.script(`PRAGMA ${pragma} = ${wanted}`);
    const found = database.first(`PRAGMA ${pragma}`)?.[pragma];
    if (found !== wanted) throw new Error(`PRAGMA ${pragma} is ${found}, not ${wanted}`);
  }
  return database;
}

/**
 * Open a connection that cannot write and never checkpoints. `immutable`: nobody else writes either, and
 * there is no log; then nothing at all is made beside the file.
 */
export function openReader(path: string, { immutable = false } = {}): Database {
  const uri = `file:${encodeURI(path).replaceAll("?", "%3f").replaceAll("#", "%23")}?mode=ro`;
  const database = new Database(new Libsql(immutable ? `${uri}&immutable=1` : uri));
  database.script("PRAGMA query_only = 1; PRAGMA wal_autocheckpoint = 0");
  return database;
}

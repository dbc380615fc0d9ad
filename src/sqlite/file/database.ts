import type Libsql from "libsql";
import { type Bindable, bind, type SqlValue } from "./bind.ts";

/**
 * A row as the driver returns it, by the names of the statement's columns. It also carries a key
 * `_metadata` of libsql: read columns, never spread or enumerate. A BLOB is an `ArrayBuffer` here, of `first`
 * a `Buffer`, which the type leaves out because few places read one.
 */
export type Row = Record<string, string | number | null>;

type Statement = Libsql.Statement;

/**
 * One connection to the database file. Every method is synchronous and holds up the thread that calls it,
 * which is why a service opens connections on threads of their own only.
 *
 * Exactly one connection in one process writes and checkpoints: libsql 0.5.29 carries SQLite 3.45.1, where
 * two connections that write or checkpoint at the same instant can lose committed data (the WAL-reset bug,
 * fixed upstream in 3.51.3: https://sqlite.org/wal.html#walresetbug). Readers are opened with `openReader`,
 * which can do neither.
 *
 * Statements are cached by their text for the life of the connection, because libsql 0.5.29 leaks what an
 * uncached `prepare` allocates: pass constant SQL, and what varies as parameters. A text that holds a value
 * would grow the cache without bound.
 *
 * What SQLite rejects is thrown as libsql's error with its `code` (`SQLITE_BUSY`); `failure.ts` says what
 * each means.
 */
export class Database {
  readonly #connection: Libsql.Database;
  readonly #statements = new Map<string, Statement>();

  /** Takes the connection over; `close` closes it. Use `openWriter` or `openReader`, which set it up. */
  constructor(connection: Libsql.Database) {
    this.#connection = connection;
  }

  /**
   * Carry out one statement that returns no rows. `changes` counts the rows it inserted, updated or deleted;
   * those that `OR REPLACE` displaced are not in it.
   *
   * @throws when the statement returns rows, which is for `all`.
   */
  run(sql: string, ...values: readonly SqlValue[]): { readonly changes: number } {
    const statement = this.#prepare(sql);
    // libsql 0.5.29 leaves it half-way then: no table can be dropped any more ("database table is
    // locked"), and the log can never be started anew.
    if (statement.reader) throw new Error(`run() was given a statement that returns rows: ${sql}`);
    return { changes: statement.run(values.map(bind)).changes };
  }

  /**
   * As `run`, for values that are known to be bindable: the insert path passes thousands at a time. The types
   * are the only check.
   */
  runBound(sql: string, values: readonly Bindable[]): void {
    this.#prepare(sql).run(values);
  }

  /** All rows of a statement, in memory at once: bound them with LIMIT where there may be many. */
  all(sql: string, ...values: readonly SqlValue[]): Row[] {
    return this.#prepare(sql).all(values.map(bind)) as Row[];
  }

  /**
   * The first row, or undefined; others are not read. Not `all`: a kilobyte of native memory for each of its
   * calls is free only in a later turn of the event loop, and one transaction may look up tens of thousands.
   */
  first(sql: string, ...values: readonly SqlValue[]): Row | undefined {
    try {
      const row = this.#prepare(sql).get(values.map(bind)) as Row | undefined;
      // libsql 0.5.29 puts how long it took among the columns.
      if (row !== undefined) Reflect.deleteProperty(row, "_metadata");
      return row;
    } catch (error) {
      // libsql 0.5.29 leaves it where it failed, and it would fail again whatever it is given.
      this.#statements.delete(sql);
      throw error;
    }
  }

  /**
   * Run several statements, uncached and without parameters: migrations and pragmas. Never text of a client.
   */
  script(sql: string): void {
    this.#connection.exec(sql);
  }

  /**
   * Everything `work` writes, or nothing. When it returns, the commit is on disk (`synchronous = FULL`).
   *
   * IMMEDIATE takes the write lock at once: a transaction that reads first and writes later could find that
   * another has written in between, and fail half-way (`SQLITE_BUSY_SNAPSHOT`). Does not nest; `work` must
   * not be asynchronous, or what others do meanwhile would be part of it.
   */
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

  /**
   * Let `work` see one moment of the database: what others commit meanwhile is not there. Does not nest, and
   * `work` must not write.
   */
  snapshot<Result>(work: () => Result): Result {
    this.run("BEGIN");
    try {
      return work();
    } finally {
      // Nothing was written: this only ends the read transaction, which would keep the log from starting
      // anew.
      this.run("ROLLBACK");
    }
  }

  /** Close the file. The last connection to close checkpoints and removes the log, if it may write. */
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

import type Libsql from "libsql";
import { type Bindable, bind, type SqlValue } from "./bind.ts";

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

  /**
   * Let `work` see one moment of the database: what others commit meanwhile is not there. Does not nest, and
   * `work` must not write.
   */
  snapshot<Result>(work: () => Result): Result {
    this.run("BEGIN");
    try {
      return work();
    } finally {
      // Nothing was written: this only ends the read transaction, which would keep the log from starting anew.
      this.run("ROLLBACK");
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

/**
 * What a thread can be asked to do. Each operation is defined once, where its statements are
 * (`keys/operations.ts` and its like), together with its labels; the types of its callers derive from it.
 *
 * So `calls.keys.create(…)` on the main thread has the arguments of the function that runs on the writer
 * thread, and its result as a promise. What travels is copied by structured clone: plain data, maps and typed
 * arrays, but neither functions nor class instances.
 */
import { statSync } from "node:fs";
import type { Budget } from "../../store/plan/budget.ts";
import type { Asker } from "../../store/queries.ts";
import type { Database } from "../file/database.ts";
import { DatabaseMovedError } from "../file/failure.ts";
import { realDatabasePath } from "../file/real-path.ts";

/** Labels of an operation in the service's own metrics, as OpenTelemetry's `db.operation.name` and table. */
export interface OperationLabels {
  /** The kind of statement: `insert`, `select`, `vacuum`. */
  readonly kind: string;
  /** The table it is mainly about, by the name that SQL users know. */
  readonly table: string;
  /**
   * Whether it cannot succeed unless something was written. Only such a success ends the state "not usable"
   * after a failed write: an UPDATE that finds no row succeeds on a full disk.
   */
  readonly isProof: boolean;
}

/** An operation of the writer thread. It runs to its end before the next begins. */
export interface Operation<Input extends readonly unknown[], Result> extends OperationLabels {
  readonly run: (...input: Input) => Result;
}

/**
 * An operation of the reader thread: it sees one moment of the database, and gives up when its budget is
 * spent.
 */
export interface ReadOperation<Input, Result> extends OperationLabels {
  readonly run: (input: Input, budget: Budget) => Result;
}

/** The operations of one domain (`keys`, `metrics`) as their callers see them. */
export type CallsOf<Operations> = {
  readonly [Name in keyof Operations]: Operations[Name] extends Operation<infer Input, infer Result>
    ? (...input: Input) => Promise<Result>
    : never;
};

/** The same for operations of the reader threads, which take turns between those who ask. */
export type ReadsOf<Operations> = {
  readonly [Name in keyof Operations]: Operations[Name] extends ReadOperation<infer Input, infer Result>
    ? (input: Input, asker?: Asker) => Promise<Result>
    : never;
};

/** All domains of the writer thread, and of the reader thread. */
export type AllCalls<Domains> = { readonly [Domain in keyof Domains]: CallsOf<Domains[Domain]> };
export type AllReads<Domains> = { readonly [Domain in keyof Domains]: ReadsOf<Domains[Domain]> };

/** What the writer's operations of a domain are made with. */
export interface OperationContext {
  /** The one connection that writes. */
  readonly database: Database;
  /**
   * An operation that writes nothing that anybody relies on: a SELECT, or the removal of what has expired.
   */
  readonly read: DefineOperation;
  /**
   * An operation whose success is acknowledged. After it has committed, the files are compared with those
   * that were opened: a write into a file that was removed or replaced fails, and fatally, instead of being
   * lost.
   */
  readonly write: DefineOperation;
  /** The same for one that always writes: when it succeeds, storage works (`isProof`). */
  readonly proof: DefineOperation;
}

type DefineOperation = <Input extends readonly unknown[], Result>(
  kind: string,
  table: string,
  run: (...input: Input) => Result,
) => Operation<Input, Result>;

/** The context of a database that was opened from `path`. */
export function createContext(database: Database, path: string): OperationContext {
  // SQLite keeps its log beside the real file, not beside a link to it.
  const files = [path, `${realDatabasePath(path)}-wal`];
  const identity = identify(files);

  function guarded<Input extends readonly unknown[], Result>(run: (...input: Input) => Result) {
    return (...input: Input): Result => {
      const result = run(...input);
      if (identify(files) !== identity)
        throw new DatabaseMovedError(`${path} was removed or replaced while in use`);
      return result;
    };
  }
  return {
    database,
    read: (kind, table, run) => ({ kind, table, run, isProof: false }),
    write: (kind, table, run) => ({ kind, table, run: guarded(run), isProof: false }),
    proof: (kind, table, run) => ({ kind, table, run: guarded(run), isProof: true }),
  };
}

/**
 * Which files the paths lead to, by device and inode: commits into a removed database or log succeed and are
 * lost.
 */
function identify(paths: readonly string[]): string {
  return paths
    .map((file) => {
      const found = statSync(file, { throwIfNoEntry: false });
      return found === undefined ? "none" : `${found.dev}:${found.ino}`;
    })
    .join(" ");
}

/** What the reader's operations of a domain are made with. */
export interface ReadContext {
  /** A connection that cannot write. */
  readonly database: Database;
  /**
   * A question about `table`, answered in one read transaction: what commits meanwhile is not there, and rows
   * and rollups that are read one after the other are of one moment (https://sqlite.org/isolation.html).
   */
  readonly query: <Input, Result>(
    table: string,
    run: (input: Input, budget: Budget) => Result,
  ) => ReadOperation<Input, Result>;
}

/** The context of a connection that only reads. */
export function createReadContext(database: Database): ReadContext {
  return {
    database,
    query: (table, run) => ({
      kind: "select",
      table,
      isProof: false,
      run: (input, budget) => database.snapshot(() => run(input, budget)),
    }),
  };
}

type AnyOperation = OperationLabels & { readonly run: (...input: never[]) => unknown };

/** The operation that a message names, as `keys.create`. @throws for a name that is none: a defect. */
export function findOperation(
  domains: Readonly<Record<string, Readonly<Record<string, AnyOperation>>>>,
  name: string,
): AnyOperation {
  const [domain = "", operation = ""] = name.split(".");
  const found = domains[domain]?.[operation];
  if (found === undefined) throw new Error(`no operation ${name}`);
  return found;
}

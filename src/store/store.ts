/**
 * The port: what the service needs of a database, whichever engine keeps it.
 *
 * Everything above imports this folder and no engine; `main.ts` and the offline commands of the command line
 * choose one. An engine is right when `test/store/*.contract.ts` passes with it.
 *
 * What holds for every method:
 *
 * - **Durable when it resolves.** A write that resolved survives the death of the process and of the machine.
 *   A write that rejected with `storage_unavailable` has stored nothing, and the same call may succeed later.
 * - **All or nothing.** A call is one transaction unless it says otherwise. Long work (`deleteExpired`,
 *   `flushRollups`, `recomputeDay` and their like) is many short ones, between which commits get their turn; it
 *   may be ended after any of them and begun again, and what was done stays done.
 * - **In order.** Writes are carried out in the order in which they are called. A read that is called after a
 *   write has resolved sees it.
 * - **Errors.** `ServiceError` for what a caller can act on: `storage_unavailable` (retry later), and the
 *   reasons that a method names. Anything else is a defect, for the log alone.
 * - **Time.** Times are milliseconds since 1970 UTC and their names end in `Ms`; days are whole UTC days since
 *   1970. No engine reads a clock of its own to decide what is expired: the caller says what time it is.
 * - **Positions are opaque.** A `moment` or a `cursor` is a text that only the engine that wrote it can read.
 *   It may travel through a client and come back, changed or forged: the engine checks it.
 *
 * Values that go in and out are plain data that can be cloned. Texts may hold any Unicode but NUL, at which an
 * engine may end them; what is no well-formed Unicode is repaired by an engine that cannot keep it (U+FFFD).
 */
import type { AuditStore } from "./audit.ts";
import type { DirectoryStore } from "./directory.ts";
import type { KeyStore } from "./keys.ts";
import type { MetricStore } from "./metrics.ts";
import type { QueryStore } from "./queries.ts";
import type { RetentionStore } from "./retention.ts";
import type { Upkeep } from "./upkeep.ts";

/** The operations of a database, by what they are about. Each part says what it promises beyond the above. */
export interface StoreOperations {
  readonly metrics: MetricStore;
  readonly keys: KeyStore;
  readonly audit: AuditStore;
  readonly directory: DirectoryStore;
  readonly retention: RetentionStore;
  readonly queries: QueryStore;
  readonly upkeep: Upkeep;
}

/** An open database, held by this process until it is closed. */
export interface Store extends StoreOperations {
  /**
   * Whether writes work, and no damage is known: false from a write that failed until one that surely wrote
   * something succeeds. A service whose store is not usable is alive
   * and not ready: it answers queries where it can, and takes no metrics.
   */
  isUsable(): boolean;
  /** Calls `listener` when `isUsable` may have changed, until the returned function is called. */
  onUsableChange(listener: () => void): () => void;
  /** A real write, down to the disk. Rejects when metrics sent now would not be stored. */
  probe(): Promise<void>;
  /** Finish what was called, leave nothing to be recovered, release the database. Later calls reject. */
  close(): Promise<void>;
}

/** One call of the database, for metrics of the service itself. */
export interface StoreCall {
  /** The kind of statement, such as `insert` or `select`. */
  readonly operation: string;
  /** The table it is mainly about, by the name that SQL users know; `none` for a call about no table. */
  readonly table: string;
  /** How long it ran, without the time it waited. */
  readonly seconds: number;
  /** Whether the database failed it. One that was rejected for its input did not fail. */
  readonly failed: boolean;
}

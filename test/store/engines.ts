/** The engines that the contract is tried on, and what it needs to know of each besides the port. */
import { cpSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import Libsql from "libsql";
import { systemClock } from "../../src/lib/clock.ts";
import { createLogger } from "../../src/lib/logger.ts";
import { openSqliteStore } from "../../src/sqlite/engine.ts";
import type { Store, StoreCall } from "../../src/store/store.ts";
import { crashImage, openMigrated, temporaryFolder, temporaryPath } from "../sqlite/databases.ts";

export interface OpenOptions {
  /** How long a query may run; no test but the one about it comes near. */
  readonly queryTimeoutMs?: number;
  readonly onCall?: (call: StoreCall) => void;
}

/** A place for one database, which is made when it is first opened. */
export interface Installation {
  /** One store at a time. */
  open(options?: OpenOptions): Promise<Store>;
  /** What a kill of the machine at this moment would leave, as a place of its own. */
  crashed(): Installation;
  /** Until the returned function is called, every write is rejected with `storage_unavailable`. */
  failWrites(): () => void;
  /** Undefined where the engine is backed up by its own means. */
  readonly backups:
    | {
        /** Where a backup may be written: it is not there yet. */
        newTarget(): string;
        /** A backup cannot be written here. */
        readonly badTarget: string;
        readonly isThere: (target: string) => boolean;
        /** A place that holds what a backup holds. */
        restore(target: string): Installation;
      }
    | undefined;
}

export interface Engine {
  readonly name: string;
  /** Nothing is there. */
  create(): Installation;
  /** An empty database is there already: it opens faster. */
  createPrepared(): Installation;
}

function openEmbedded(path: string): Installation {
  return {
    open: ({ queryTimeoutMs = 60_000, onCall = () => {} } = {}) =>
      openSqliteStore({
        path,
        queryTimeoutMs,
        onCall,
        retriesMax: 0,
        connectionTimeoutMs: 0,
        clock: systemClock,
        logger: createLogger({ level: "silent", write: () => {}, wallMs: systemClock.wallMs }),
        onFatal: (error) => {
          throw error;
        },
      }),
    crashed: () => openEmbedded(crashImage(path)),
    failWrites() {
      // Somebody else's transaction; the writer does not wait for it.
      const other = new Libsql(path);
      other.exec("BEGIN IMMEDIATE");
      return () => {
        other.exec("ROLLBACK");
        other.close();
      };
    },
    backups: {
      newTarget: () => join(temporaryFolder(), "backup.db"),
      badTarget: join(dirname(path), "no", "such", "folder", "backup.db"),
      isThere: existsSync,
      restore(target) {
        const restored = temporaryPath();
        cpSync(target, restored);
        return openEmbedded(restored);
      },
    },
  };
}

let prepared: string | undefined;

function copyPrepared(): string {
  if (prepared === undefined) {
    prepared = temporaryPath();
    const database = openMigrated(prepared);
    database.script("PRAGMA wal_checkpoint(TRUNCATE)");
    database.close();
  }
  const path = temporaryPath();
  cpSync(prepared, path);
  return path;
}

export const ENGINES: readonly Engine[] = [
  {
    name: "embedded",
    create: () => openEmbedded(temporaryPath()),
    createPrepared: () => openEmbedded(copyPrepared()),
  },
];

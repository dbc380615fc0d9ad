import type { Pace } from "./plan/steps.ts";

/** Something that an engine wants done again and again while the service runs, for reasons of its own. */
export interface UpkeepJob {
  /** For the log. */
  readonly name: string;
  /** From the end of one run to the beginning of the next. */
  readonly everyMs: number;
  readonly run: () => Promise<void>;
}

/**
 * How much of the disk the database takes. An engine leaves out what it does not have. The first release
 * promised operators these figures, by the names of an engine with pages and a write-ahead log.
 */
export interface StoreSize {
  /** Bytes of the database, without its log. */
  readonly mainBytes: number;
  /** Bytes of the write-ahead log. */
  readonly walBytes?: number;
  readonly pageCount?: number;
  /** Bytes. */
  readonly pageSize?: number;
  /** Pages that hold nothing and will be used again. */
  readonly freePages?: number;
}

/** What a table without a retention policy holds. */
export interface TableCount {
  readonly table: string;
  readonly total: number;
  /** Undefined when it is empty. */
  readonly oldestMs: number | undefined;
  readonly newestMs: number | undefined;
}

/** Where the command line finds the service that holds a database. */
export interface LocalService {
  readonly pid: number;
  /** Where the service takes calls from this machine. */
  readonly url: string;
  /** An admin key of this process alone. */
  readonly adminKey: string;
}

/** A backup that is being written. */
export interface BackupRun {
  /** Resolves to the size of the complete backup, which is on disk then. Rejects with a `BackupError`. */
  readonly result: Promise<{ readonly bytes: number }>;
  /** Give it up. `result` rejects; resolves once nothing of it is left. */
  cancel(): Promise<void>;
  /**
   * What is written meanwhile waits in a log that cannot begin anew until the backup ends: its bytes now, and
   * how many it may come to before the backup should be given up.
   */
  log(): { readonly bytes: number; readonly bytesMax: number };
}

/** A backup that came to nothing. */
export class BackupError extends Error {
  override readonly name = "BackupError";
  /** `path`: it cannot be written there; `full`: there is no room for it; `failed`: anything else. */
  readonly kind: "path" | "full" | "failed";

  constructor(kind: BackupError["kind"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/**
 * The care of the database itself. What only one engine has (its log, its file, its free pages, its search
 * for damage) hides behind these few.
 */
export interface Upkeep {
  /** What the engine wants done by the clock. */
  readonly jobs: readonly UpkeepJob[];
  /** Bytes that the database takes now, log and all. Cheap: it is asked at every scrape. */
  bytes(): number;
  size(): Promise<StoreSize>;
  /** The tables without a policy that operators ask about. Reads them whole. */
  countUngoverned(): Promise<readonly TableCount[]>;
  /** Give back to the system what deleted rows took. Long work; an engine may have nothing to do. */
  giveBackSpace(pace: Pace): Promise<void>;
  /**
   * Begin to write a copy of everything that is committed now to the new file `target` (an absolute path),
   * which holds all of it or is not there. Undefined where the engine is backed up by its own means.
   */
  readonly startBackup: ((target: string) => BackupRun) | undefined;
  /**
   * The secret of this installation, 32 random bytes, the same for as long as the database lives; made at the
   * first call. It stands apart from the rows: whoever has a backup cannot undo pseudonyms with it.
   */
  installationSecret(): Promise<Uint8Array>;
  /**
   * What tells this installation from every other wherever its own metrics go, 1 to 100 characters: the same for
   * as long as the database lives, made at the first call. A database restored from a backup has another.
   */
  instanceId(): Promise<string>;
  /** Tell commands on this machine where the service is, until `withdraw`. */
  announce(service: LocalService): void;
  withdraw(): void;
}

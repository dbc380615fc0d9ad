/**
 * The embedded engine: one SQLite file (libsql), held by one process, written by one thread and read by two others.
 *
 * The event loop never runs SQL. The writer thread owns the only connection that writes or checkpoints: the
 * SQLite in libsql 0.5.29 (3.45.1) can lose committed data when two connections do that at the same instant
 * (https://sqlite.org/wal.html#walresetbug). For the same reason a second process on one file is rejected.
 *
 *   main thread        engine.ts, port.ts, threads/{writer,readers}.ts   promises; no SQL
 *   writer thread      threads/writer-thread.ts → each operations.ts    every write, in order; most small reads
 *   reader threads     threads/reader-thread.ts → each operations.ts    queries that may take long
 *   worker processes   file/worker-process.ts                            backups, searches for damage
 */
import { type Clock, keepProcessAlive } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import { createObservable } from "../lib/observable.ts";
import type { Store, StoreCall } from "../store/store.ts";
import type { UpkeepJob } from "../store/upkeep.ts";
import { searchForDamage } from "./file/damage.ts";
import { DatabaseOpenError } from "./file/failure.ts";
import { MIGRATIONS_FOLDER } from "./file/migrator.ts";
import { createFileUpkeep } from "./file/upkeep.ts";
import { createPort } from "./port.ts";
import { openReaders } from "./threads/readers.ts";
import type { ObservedCall } from "./threads/thread-calls.ts";
import { openWriterThread, type Writer } from "./threads/writer.ts";

/** What the engine is opened with. */
export interface SqliteOptions {
  /** The database file; it and its folder are made where they are not there yet. */
  readonly path: string;
  /** How often a failed opening is repeated, a second apart: a volume may be mounted after us. */
  readonly retriesMax: number;
  /** How long it is repeated in all, in ms; whichever of the two is reached first ends it. */
  readonly connectionTimeoutMs: number;
  /** How long a query may run before it fails with `deadline_exceeded`. */
  readonly queryTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** After each call of the database, for the service's own metrics. */
  readonly onCall: (call: StoreCall) => void;
  /** What is on disk can no longer be trusted: nothing is acknowledged any more, the process must end. */
  readonly onFatal: (error: Error) => void;
  /** Ends the waiting for a database that cannot be opened yet; undefined: nothing does. */
  readonly signal?: AbortSignal | undefined;
}

/** Between two attempts to open the database. */
const RETRY_AFTER_MS = 1000;

/**
 * Open the database with its two threads, and migrate it. A file too large to be searched for damage now is
 * searched beside the service; damage makes the store unusable when it is found.
 *
 * @throws {StoreOpenError} when it stays closed: damaged, of another program or a newer version, or not to be
 * read or made.
 * @throws {StoreInUseError} when another process holds it.
 * @throws the reason of `signal`.
 */
export async function openSqliteStore(options: SqliteOptions): Promise<Store> {
  const { path, queryTimeoutMs, logger, onCall } = options;
  const isWorking = createObservable(true);
  const isSound = createObservable(true);

  function onWrite(call: ObservedCall): void {
    onCall(call);
    if (call.failed) isWorking.set(false);
    // Another success may have found nothing to write.
    else if (call.isProof && !isWorking.value) isWorking.set(true);
  }
  const writer = await openWriter(options, onWrite);
  for (const migration of writer.applied) logger.info("migration applied", { ...migration });
  for (const { path, mode, isRestored } of writer.openToOthers) {
    const message = isRestored
      ? "others could open a file of the database; it is its owner's alone again"
      : "others can open the folder or a file of the database: chmod go= it";
    logger.warn(message, { path, mode });
  }
  const stopSearch = writer.isChecked
    ? async () => {}
    : searchForDamage(path, {
        onSound: () => logger.info("the database is sound"),
        onDamaged(findings) {
          isSound.set(false);
          logger.error("THE DATABASE IS DAMAGED; not ready from now on: restore a backup", { findings });
        },
        onFailed: (error) => logger.warn("the database could not be searched for damage", { error }),
      });
  const readers = openReaders({
    path,
    timeoutMs: queryTimeoutMs,
    clock: options.clock,
    onCall,
    onBroken: (error) => logger.error("a reader thread ended", { error }),
  });
  const { file, metrics } = writer.calls;
  const upkeep = createFileUpkeep({ path, calls: file, withReadersPaused: readers.withReadersPaused });
  const recover = async () => {
    if (!isWorking.value) await file.probe().catch(() => {});
  };
  return {
    ...createPort(writer.calls, readers.calls),
    upkeep: {
      ...upkeep,
      jobs: [
        ...upkeep.jobs,
        { name: "recovery", everyMs: RECOVERY_INTERVAL_MS, run: recover },
        percentileJob(metrics.rebuildPercentilesStep),
      ],
    },
    isUsable: () => isWorking.value && isSound.value,
    onUsableChange(listener) {
      const stops = [isWorking.onChange(listener), isSound.onChange(listener)];
      return () => stops.forEach((stop) => void stop());
    },
    async probe() {
      if (!isSound.value) throw new Error("the database is damaged");
      await file.probe();
    },
    async close() {
      // Whatever the others do, the writer folds its log into the file and releases the lock.
      try {
        await readers.close();
        await stopSearch();
      } finally {
        await writer.close();
      }
    },
  };
}

/** Steps of one run, some 200 ms of the writer's time with commits in between: what a shutdown waits for. */
const REBUILD_STEPS = 20;

/** Brings the percentiles of an older version's rollups up to date, beside ingest; then does nothing. */
function percentileJob(step: () => Promise<boolean>): UpkeepJob {
  let isOver = false;
  const run = async () => {
    for (let steps = 0; steps < REBUILD_STEPS && !isOver; steps += 1) isOver = !(await step());
  };
  // A database that fails is told of by those who wait for it; the next run goes on from there.
  return { name: "percentiles", everyMs: 1_000, run: () => run().catch(() => {}) };
}

/** How soon a service whose database has failed finds out, unasked, that it is back. */
const RECOVERY_INTERVAL_MS = 2_000;

/** Open the writer, again and again while what keeps it closed may pass. */
async function openWriter(options: SqliteOptions, onCall: (call: ObservedCall) => void): Promise<Writer> {
  const { path, clock, logger, retriesMax, connectionTimeoutMs, onFatal, signal } = options;
  const startedMs = clock.monotonicMs();
  for (let retries = 0; ; retries += 1) {
    try {
      return await openWriterThread({ path, migrationsFolder: MIGRATIONS_FOLDER, onCall, onFatal });
    } catch (error) {
      const mayPass = error instanceof DatabaseOpenError && error.mayPass;
      const timeLeft = clock.monotonicMs() - startedMs + RETRY_AFTER_MS < connectionTimeoutMs;
      if (!mayPass || !timeLeft || retries >= retriesMax) throw error;
      logger.warn("the database cannot be opened yet", { reason: error.message });
      await pause(clock, RETRY_AFTER_MS, signal);
    }
  }
}

/** Wait, though nothing else keeps the process alive yet. @throws the reason of `signal` once it is aborted. */
async function pause(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  const release = keepProcessAlive();
  try {
    await new Promise<void>((resolve) => {
      clock.after(ms, resolve);
      if (signal?.aborted) resolve();
      signal?.addEventListener("abort", () => resolve(), { once: true });
    });
    signal?.throwIfAborted();
  } finally {
    release();
  }
}

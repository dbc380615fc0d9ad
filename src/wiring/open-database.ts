import { createWatchedValue } from "../lib/watched-value.ts";
import { searchForDamage } from "../maintenance/search-for-damage.ts";
import { MIGRATIONS_FOLDER } from "../sqlite/file/migrations-folder.ts";
import { openStorage } from "../sqlite/threads/open-storage.ts";
import { openReaderThread, type Reader } from "../sqlite/threads/reader.ts";
import type { Writer } from "../sqlite/threads/writer.ts";
import type { Foundation } from "./foundation.ts";

/** The database of a service, with its two threads. */
export interface ServiceDatabase {
  readonly writer: Writer;
  readonly reader: Reader;
  /** Whether the last write went well. */
  readonly isWorking: () => boolean;
  /** Whether it works, and no damage was found. */
  readonly isUsable: () => boolean;
  /** Calls `listener` when `isUsable` may have changed, until the returned function is called. */
  readonly onUsableChange: (listener: () => void) => () => void;
  /** A real write. @throws when storage cannot accept, or is damaged. */
  readonly probe: () => Promise<void>;
}

/** Operations that do not go well unless something is written. */
const PROOFS: ReadonlySet<string> = new Set(["probe", "commitMetrics", "commitDirectory"]);

/** @throws {DatabaseOpenError} `onFatal`: what is on disk can no longer be trusted, the process must end. */
export async function openServiceDatabase(
  { config, clock, logger, lifecycle, observers }: Foundation,
  onFatal: (error: Error) => void,
): Promise<ServiceDatabase> {
  const isWorking = createWatchedValue(true);
  const isSound = createWatchedValue(true);
  const { path, retriesMax, connectionTimeoutMs, queryTimeoutMs } = config.database;
  const writer = await openStorage({
    path,
    migrationsFolder: MIGRATIONS_FOLDER,
    clock,
    retriesMax,
    timeoutMs: connectionTimeoutMs,
    onRetry: (error) => logger.warn("the database cannot be opened yet", { error }),
    onOperation(name, seconds, failed) {
      observers.onOperation(name, seconds, failed);
      if (failed) isWorking.set(false);
      // Others may have found nothing to write.
      else if (PROOFS.has(name)) isWorking.set(true);
    },
    onFatal,
  });
  lifecycle.own("storage", writer.close);
  for (const migration of writer.applied) logger.info("migration applied", { ...migration });
  if (!writer.isChecked) {
    const search = searchForDamage(path, {
      onSound: () => logger.info("the database is sound"),
      onDamaged(findings) {
        isSound.set(false);
        logger.error("THE DATABASE IS DAMAGED; not ready from now on: restore a backup", { findings });
      },
      onFailed: (error) => logger.warn("the database could not be searched for damage", { error }),
    });
    lifecycle.own("search for damage", search);
  }
  const reader = openReaderThread({
    path,
    timeoutMs: queryTimeoutMs,
    onOperation: observers.onQuery,
    onBroken: (error) => logger.error("the reader thread ended", { error }),
  });
  lifecycle.own("reader", reader.close);
  return {
    writer,
    reader,
    isWorking: isWorking.get,
    isUsable: () => isWorking.get() && isSound.get(),
    onUsableChange(listener) {
      const stops = [isWorking.onChange(listener), isSound.onChange(listener)];
      return () => stops.forEach((stop) => void stop());
    },
    async probe() {
      if (!isSound.get()) throw new Error("the database is damaged");
      await writer.call("probe");
    },
  };
}

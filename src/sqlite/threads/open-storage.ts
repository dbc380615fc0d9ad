import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../../lib/clock.ts";
import { realDatabasePath } from "../file/real-path.ts";
import { DatabaseOpenError, openWriterThread, type Writer, type WriterOptions } from "./writer.ts";

export interface StorageOptions extends WriterOptions {
  readonly clock: Clock;
  /** How often, and how long in all, a failed opening is repeated: a volume may be mounted after us. */
  readonly retriesMax: number;
  readonly timeoutMs: number;
  readonly onRetry: (error: Error) => void;
}

const RETRY_AFTER_MS = 1000;

/** Open the database, making its folder first. @throws {DatabaseOpenError} when it stays closed. */
export async function openStorage(options: StorageOptions): Promise<Writer> {
  const { clock, retriesMax, timeoutMs, onRetry } = options;
  const startedMs = clock.monotonicMs();
  for (let retries = 0; ; retries += 1) {
    try {
      // Only ours to read: the rows hold what users asked for.
      mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 });
      return await openWriterThread(options);
    } catch (error) {
      const mayPass = error instanceof DatabaseOpenError && error.failure.kind === "unavailable";
      const timeLeft = clock.monotonicMs() - startedMs + RETRY_AFTER_MS < timeoutMs;
      if (!mayPass || !timeLeft || retries >= retriesMax) throw error;
      onRetry(error);
      await new Promise<void>((resolve) => void clock.after(RETRY_AFTER_MS, resolve));
    }
  }
}

/** Bytes of the database and its log on disk. */
export function databaseFileBytes(path: string): number {
  return bytesOf(path) + databaseLogBytes(path);
}

/** Bytes of the write-ahead log on disk; of the part that is used, it says nothing. */
export function databaseLogBytes(path: string): number {
  return bytesOf(`${realDatabasePath(path)}-wal`);
}

/** What the log may come to beside a small database. */
const BACKUP_LOG_BYTES = 1_000_000_000;

/** What the log holds while a backup is written, and may: as much as the database, which a backup needs room for. */
export function backupLog(path: string): { readonly bytes: number; readonly bytesMax: number } {
  return { bytes: databaseLogBytes(path), bytesMax: Math.max(BACKUP_LOG_BYTES, bytesOf(path)) };
}

const bytesOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

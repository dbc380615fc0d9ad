import { databaseLogBytes } from "../sqlite/threads/open-storage.ts";
import type { Reader } from "../sqlite/threads/reader.ts";
import type { Writer } from "../sqlite/threads/writer.ts";

/** Of the write-ahead log, on disk: what a service that is asked without pause may leave there. */
export const LOG_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Begin the write-ahead log anew once it is large.
 *
 * SQLite does so by itself when nobody reads. Where one query follows the other, each sees its own moment of
 * the log, and it would grow for ever: so the next query waits for a moment.
 */
export async function truncateLargeLog(
  path: string,
  writer: Writer,
  reader: Reader,
  bytesMax = LOG_BYTES_MAX,
): Promise<void> {
  if (databaseLogBytes(path) > bytesMax) await reader.quietly(() => writer.call("truncateLog"));
}

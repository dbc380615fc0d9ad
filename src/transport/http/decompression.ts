import { createKeyedMutex } from "../../lib/keyed-mutex.ts";

/**
 * Decompressions at a time, in the whole process. Node works on all that were begun by turns, 16 KiB each, so
 * that the results of all of them would be in memory before the first is whole.
 */
const AT_A_TIME = 2;

const runExclusive = createKeyedMutex();
let begun = 0;

/** Run a decompression when it is its turn. */
export function decompressInTurn<Result>(decompress: () => Promise<Result>): Promise<Result> {
  begun += 1;
  return runExclusive(String(begun % AT_A_TIME), decompress);
}

import type { DirectoryEntry } from "./directory.ts";

/** Of what an entry may hold at the most: details of a use, 4 KB, in characters of two bytes. */
const BYTES_PER_ROW = 8_000;

/** Gathers entries into batches. */
export class DirectoryBatches {
  #entries: DirectoryEntry[] = [];
  rowCount = 0;

  rowsOf({ points, events, uses }: DirectoryEntry): number {
    return points.length + events.length + uses.length;
  }

  bytesOf(entry: DirectoryEntry): number {
    return BYTES_PER_ROW * this.rowsOf(entry);
  }

  add(entry: DirectoryEntry): void {
    this.#entries.push(entry);
    this.rowCount += this.rowsOf(entry);
  }

  isEmpty(batch: readonly DirectoryEntry[]): boolean {
    return batch.length === 0;
  }

  take(): readonly DirectoryEntry[] {
    const taken = this.#entries;
    this.#entries = [];
    this.rowCount = 0;
    return taken;
  }
}

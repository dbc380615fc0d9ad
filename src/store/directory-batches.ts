import type { DirectoryEntry } from "./directory.ts";

/** Gathers entries into batches. */
export class DirectoryBatches {
  #entries: DirectoryEntry[] = [];
  rowCount = 0;

  rowsOf({ points, events, uses }: DirectoryEntry): number {
    return points.length + events.length + uses.length;
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

/** Rows in order of time, added to the groups they belong to. */
export interface RowSource {
  /** Add every row before `untilMs` that has not been added yet. */
  feed(untilMs: number): void;
}

/** Rows that are read at a time: a few milliseconds. */
export const CHUNK_ROWS = 4_000;

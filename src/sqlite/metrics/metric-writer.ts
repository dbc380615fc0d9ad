import { type Batch, COLUMNS_PER_ROW, type RowRange } from "../../store/batch.ts";
import type { CommitResult, StoredAnswer } from "../../store/metrics.ts";
import type { SeriesUpdate } from "../../store/submission.ts";
import { repairJson } from "../file/bind.ts";
import type { Database } from "../file/database.ts";
import { BatchFolder } from "../rollups/batch-folder.ts";
import type { Rollups } from "../rollups/rollups.ts";
import { Dictionary } from "./dictionary.ts";
import { findAnswer, recordAnswer } from "./idempotency-store.ts";
import { storeReports } from "./instance-reports.ts";
import { storeLatestValues } from "./latest-values.ts";
import { saveSeries } from "./series-store.ts";

/**
 * Rows a statement: one statement for many rows costs half of one for each. Largest first; three sizes,
 * because each is a prepared statement, and any number of rows is made of few of these.
 */
const ROWS_PER_STATEMENT = [128, 16, 1] as const;

const COLUMNS = "ts, source_id, dimension_set_id, request, value, duration_ms, shape_id, payload";
const INSERTS = new Map<number, string>(
  ROWS_PER_STATEMENT.map((rows) => [
    rows,
    `INSERT INTO measurements (${COLUMNS}) VALUES ${Array(rows).fill("(?, ?, ?, ?, ?, ?, ?, ?)").join(", ")}`,
  ]),
);

const INSERT_DISTRIBUTED = `INSERT INTO measurements (${COLUMNS}, distribution) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/**
 * Stores batches of measurements. On the writer thread only.
 *
 * After the commit, and outside of its transaction, the rows are added to the rollups in memory. A crash in
 * between loses nothing: rollups know the last measurement they hold, and read on from there.
 */
export class MetricWriter {
  readonly #database: Database;
  readonly #dictionary: Dictionary;
  readonly #folder: BatchFolder;

  constructor(database: Database, rollups: Rollups) {
    this.#database = database;
    this.#dictionary = new Dictionary(database);
    this.#folder = new BatchFolder(database, rollups, this.#dictionary);
  }

  /** Dictionary rows that are remembered. */
  get definitions(): number {
    return this.#dictionary.size;
  }

  /**
   * Store every row of `batch`, its idempotency records, its states and what `alsoWrite` writes in one
   * transaction, or nothing. Rows that a stored idempotency key covers are left out, and reported as
   * duplicates. On disk when it returns.
   */
  commit(batch: Batch, nowMs: number, alsoWrite: () => void = () => {}): CommitResult {
    this.#dictionary.define(batch);
    const inserted: RowRange[] = [];
    let result: CommitResult;
    try {
      result = this.#database.transaction(() => {
        alsoWrite();
        const written = this.#write(batch, nowMs, inserted);
        storeLatestValues(this.#database, this.#dictionary, batch, inserted, nowMs);
        storeReports(this.#database, this.#dictionary, batch, inserted);
        return written;
      });
      this.#dictionary.committed();
    } catch (error) {
      this.#dictionary.rolledBack();
      throw error;
    }
    this.#folder.fold(batch, inserted, nowMs);
    return result;
  }

  /** Adds to `inserted` which rows it wrote. */
  #write(batch: Batch, nowMs: number, inserted: RowRange[]): CommitResult {
    if (batch.keyed.length === 0) {
      this.#insert(batch, { start: 0, end: batch.rowCount }, inserted);
      return { duplicates: [] };
    }
    const duplicates: { index: number; stored: StoredAnswer }[] = [];
    const series: SeriesUpdate[] = [];
    let next = 0;
    for (const [index, keyed] of batch.keyed.entries()) {
      const stored = findAnswer(this.#database, keyed.apiKeyId, keyed.key, nowMs);
      if (stored === undefined) {
        recordAnswer(this.#database, keyed, nowMs);
        for (const update of keyed.series) series.push(update);
        continue;
      }
      this.#insert(batch, { start: next, end: keyed.start }, inserted);
      next = keyed.end;
      duplicates.push({ index, stored });
    }
    this.#insert(batch, { start: next, end: batch.rowCount }, inserted);
    saveSeries(this.#database, series, nowMs);
    return { duplicates };
  }

  #insert(batch: Batch, range: RowRange, inserted: RowRange[]): void {
    const { start, end } = range;
    if (start === end) return;
    inserted.push(range);
    let next = start;
    for (const [row, distribution] of batch.distributions) {
      if (row < start || row >= end) continue;
      this.#insertPlain(batch, { start: next, end: row });
      this.#database.runBound(INSERT_DISTRIBUTED, [...this.#parameters(batch, row, 1), distribution]);
      next = row + 1;
    }
    this.#insertPlain(batch, { start: next, end });
  }

  /** Rows without a distribution: nearly all, so that their statement does without the column. */
  #insertPlain(batch: Batch, { start, end }: RowRange): void {
    let row = start;
    for (const rows of ROWS_PER_STATEMENT) {
      const sql = INSERTS.get(rows) ?? "";
      for (; end - row >= rows; row += rows) this.#database.runBound(sql, this.#parameters(batch, row, rows));
    }
  }

  #parameters(batch: Batch, start: number, rows: number): (string | number | null)[] {
    const { numbers, payloads } = batch;
    const parameters: (string | number | null)[] = [];
    for (let row = start; row < start + rows; row += 1) {
      const at = row * COLUMNS_PER_ROW;
      const duration = numbers[at + 5] ?? Number.NaN;
      const shape = numbers[at + 6] ?? -1;
      const payload = payloads[row] ?? null;
      parameters.push(
        numbers[at] ?? null,
        this.#dictionary.rowId(numbers[at + 1] ?? -1),
        this.#dictionary.rowId(numbers[at + 2] ?? -1),
        numbers[at + 3] ?? null,
        numbers[at + 4] ?? null,
        Number.isNaN(duration) ? null : duration,
        shape === -1 ? null : this.#dictionary.rowId(shape),
        payload === null ? null : repairJson(payload),
      );
    }
    return parameters;
  }
}

import type { Distribution } from "../../catalogue/measurement.ts";
import type { Row } from "../file/database.ts";
import {
  asColumns,
  type Column,
  DISTRIBUTIONS,
  exact,
  type Integers,
  readColumns,
  readDistributions,
} from "./columns.ts";

/** A place in the order of lists and of raw rows: by time, then by row id. */
export interface RowPosition {
  readonly timestampMs: number;
  readonly id: number;
}

/** Measurements as queries read them, a column each, all of one length. */
export interface RawRows {
  readonly ids: Integers;
  readonly timestampsMs: Integers;
  readonly sourceIds: Integers;
  readonly dimensionSetIds: Integers;
  /** To be read by `exactNumber`. */
  readonly values: Column;
  readonly durationsMs: Column;
  /** By id, of those that stand for several. */
  readonly distributions: ReadonlyMap<number, Distribution>;
}

/** The columns that an inner SELECT must have for `RAW_ROWS` around it. */
export const RAW_COLUMNS = "id, ts, source_id, dimension_set_id, value, duration_ms, distribution";
const COLUMNS = asColumns([
  "id",
  "ts",
  "source_id",
  "dimension_set_id",
  exact("value"),
  exact("duration_ms"),
]);
/** What `readRawRows` reads, of rows of `RAW_COLUMNS`. */
export const RAW_ROWS = `${COLUMNS}, ${DISTRIBUTIONS}`;

/** Reads the one row of a statement that selects `RAW_ROWS`. */
export function readRawRows(row: Row | undefined): RawRows {
  const [ids, timestampsMs, sourceIds, dimensionSetIds, values = [], durationsMs = []] = readColumns(row, 6);
  return {
    ids: ids as Integers,
    timestampsMs: timestampsMs as Integers,
    sourceIds: sourceIds as Integers,
    dimensionSetIds: dimensionSetIds as Integers,
    values,
    durationsMs,
    distributions: readDistributions(row),
  };
}

/** What is read before the first chunk. */
export const NO_RAW_ROWS: RawRows = readRawRows(undefined);

import type { Row } from "../database.ts";
import { asColumns, type Column, exact, type Integers, readColumns } from "./columns.ts";

/** Measurements as queries read them, a column each. */
export interface RawRows {
  readonly ids: Integers;
  readonly timestampsMs: Integers;
  readonly sourceIds: Integers;
  readonly dimensionSetIds: Integers;
  /** To be read by `exactNumber`. */
  readonly values: Column;
  readonly durationsMs: Column;
}

export const RAW_COLUMNS = "id, ts, source_id, dimension_set_id, value, duration_ms";
/** What `readRawRows` reads, of rows of `RAW_COLUMNS`. */
export const RAW_ROWS = asColumns([
  "id",
  "ts",
  "source_id",
  "dimension_set_id",
  exact("value"),
  exact("duration_ms"),
]);

export function readRawRows(row: Row | undefined): RawRows {
  const [ids, timestampsMs, sourceIds, dimensionSetIds, values = [], durationsMs = []] = readColumns(row, 6);
  return {
    ids: ids as Integers,
    timestampsMs: timestampsMs as Integers,
    sourceIds: sourceIds as Integers,
    dimensionSetIds: dimensionSetIds as Integers,
    values,
    durationsMs,
  };
}

export const NO_RAW_ROWS: RawRows = readRawRows(undefined);

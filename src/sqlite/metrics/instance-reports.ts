import { type Batch, COLUMNS_PER_ROW, type RowRange } from "../../store/batch.ts";
import type { Database } from "../file/database.ts";
import type { Dictionary } from "./dictionary.ts";

const UPSERT = `
INSERT INTO instance_reports (service, instance_id, received) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET received = excluded.received WHERE excluded.received > received`;

/** Note when the instances that the rows `inserted` come from were heard of; in the transaction of the rows. */
export function storeReports(
  database: Database,
  dictionary: Dictionary,
  { numbers, reportRows }: Batch,
  inserted: readonly RowRange[],
): void {
  const receivedOf = new Map<number, number>();
  for (const row of reportRows) {
    if (!inserted.some(({ start, end }) => start <= row && row < end)) continue;
    const at = row * COLUMNS_PER_ROW;
    const source = numbers[at + 1] ?? -1;
    // The arrival stands above the sequence number of the request.
    const received = Math.floor((numbers[at + 3] ?? 0) / 2 ** 19);
    receivedOf.set(source, Math.max(received, receivedOf.get(source) ?? 0));
  }
  for (const [ref, received] of receivedOf) {
    const definition = dictionary.definition(ref);
    if (definition.kind !== "source") throw new Error("a batch mixes its numbers");
    database.run(UPSERT, definition.source.service, definition.source.instanceId, received);
  }
}

/** Forget instances that were last heard of before `cutoffMs`, at most `rowsMax`. */
export function deleteReports(database: Database, cutoffMs: number, rowsMax: number): void {
  database.run(
    `DELETE FROM instance_reports WHERE (service, instance_id) IN (
       SELECT service, instance_id FROM instance_reports WHERE received < ? LIMIT CAST(? AS INTEGER))`,
    Math.floor(cutoffMs / 1000),
    rowsMax,
  );
}

import { SIGN_OFF } from "../../catalogue/composer-states.ts";
import { invalidField, type ServiceError } from "../../errors.ts";
import { type Batch, COLUMNS_PER_ROW, type RowRange } from "../../store/batch.ts";
import { LATEST_VALUES_MAX, type LatestQuery, type LatestValue } from "../../store/queries.ts";
import type { Database, Row } from "../file/database.ts";
import type { Dictionary } from "./dictionary.ts";

const UPSERT = `
INSERT INTO latest_values (source_id, dimension_set_id, ts, request, position, value) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE
SET ts = excluded.ts, request = excluded.request, position = excluded.position, value = excluded.value
WHERE excluded.ts >= ts OR ts > ?`;

/**
 * Store the newest value of each state among the rows `inserted` of a batch, by source and dimension set; in
 * the transaction that stores the rows. A value older than the stored one changes nothing; of two at the same
 * time the later received one counts.
 *
 * No value is newer than `nowMs`: it would count until the clock is there, whatever came after it. One that was
 * stored before the clock of this machine went back gives way to any.
 */
export function storeLatestValues(
  database: Database,
  dictionary: Dictionary,
  batch: Batch,
  inserted: readonly RowRange[],
  nowMs: number,
): void {
  const { numbers, stateRows } = batch;
  const cell = (row: number, column: number) => numbers[row * COLUMNS_PER_ROW + column] ?? -1;
  const timeOf = (row: number) => Math.min(cell(row, 0), nowMs);
  const newest = new Map<string, number>();
  for (const row of stateRows) {
    if (!inserted.some(({ start, end }) => start <= row && row < end)) continue;
    const key = `${cell(row, 1)} ${cell(row, 2)}`;
    const known = newest.get(key);
    if (known === undefined || timeOf(row) >= timeOf(known)) newest.set(key, row);
  }
  for (const row of newest.values()) {
    const source = dictionary.rowId(cell(row, 1));
    const dimensionSet = dictionary.rowId(cell(row, 2));
    database.run(UPSERT, source, dimensionSet, timeOf(row), cell(row, 3), row, cell(row, 4), nowMs);
  }
}

// CROSS keeps the order of the joins: from the few instances that live to what they said.
const SELECT = `
SELECT s.service, s.instance_id, d.metric_type, d.dimensions, v.ts, v.request >> 19 AS second, v.value
FROM instance_reports AS r
CROSS JOIN sources AS s ON s.service = r.service AND s.instance_id = r.instance_id
CROSS JOIN latest_values AS v ON v.source_id = s.id
JOIN dimension_sets AS d ON d.id = v.dimension_set_id
WHERE r.received >= ?`;
const END = `ORDER BY v.ts DESC, v.request DESC, v.position DESC LIMIT ${LATEST_VALUES_MAX + 1}`;

/**
 * The newest value of each state, by service, instance, type and dimensions: oldest first, and in the order
 * of arrival what was at once. Every state of an instance is in it that was heard of since `sinceMs`, in
 * whole seconds: a gauge that rarely changes is still the case while its sender lives.
 *
 * @throws {ServiceError} `validation_failed` when there are too many.
 */
export function readLatestValues(database: Database, query: LatestQuery): LatestValue[] {
  const { service, sinceMs, beyond } = query;
  const since = Math.ceil(sinceMs / 1000);
  const rows =
    service === undefined
      ? database.all(`${SELECT} ${END}`, since)
      : database.all(`${SELECT} AND s.service = ? ${END}`, since, service);
  if (rows.length > LATEST_VALUES_MAX && beyond === "fail") throw tooMany(service);
  const newest = new Map<string, LatestValue>();
  const kept = rows.slice(0, LATEST_VALUES_MAX);
  const endMs = readEnds(kept);
  for (const row of kept.reverse()) {
    if (
      row.metric_type !== SIGN_OFF &&
      Number(row.ts) <= (endMs.get(instanceOf(row)) ?? Number.NEGATIVE_INFINITY)
    )
      continue;
    const dimensions = readDimensions(String(row.dimensions));
    // An instance that was updated, or has another key, is several sources: the last one counts.
    const key = JSON.stringify([row.service, row.instance_id, row.metric_type, dimensions]);
    newest.delete(key);
    newest.set(key, {
      service: String(row.service),
      instanceId: String(row.instance_id),
      type: String(row.metric_type),
      dimensions,
      timestampMs: Number(row.ts),
      receivedMs: Number(row.second) * 1000,
      value: Number(row.value),
    });
  }
  return [...newest.values()];
}

/** When instances have signed off last, ms since 1970 UTC: what they had said until then is no longer so. */
function readEnds(rows: readonly Row[]): ReadonlyMap<string, number> {
  const ends = new Map<string, number>();
  // Newest first.
  for (const row of rows) {
    const instance = instanceOf(row);
    if (row.metric_type === SIGN_OFF && !ends.has(instance)) ends.set(instance, Number(row.ts));
  }
  return ends;
}

function instanceOf({ service, instance_id }: Row): string {
  return JSON.stringify([service, instance_id]);
}

function tooMany(service: string | undefined): ServiceError {
  const field = service === undefined ? "service" : "window";
  const remedy = service === undefined ? "ask for one service" : "ask for a shorter window";
  const message = `more than ${LATEST_VALUES_MAX} states were reported: ${remedy}`;
  return invalidField(field, "too_many", message);
}

/** Dimensions that say something, as text; null and "" are the same as absent, in a gauge's labels too. */
function readDimensions(json: string): Record<string, string> {
  const sent = Object.entries(JSON.parse(json) as Record<string, unknown>);
  const said = sent.filter(([, value]) => value !== null && value !== "");
  return Object.fromEntries(said.map(([name, value]) => [name, String(value)]));
}

/**
 * Delete states from before `cutoffMs`, at most `rowsMax`: their measurements are deleted by the same policy.
 */
export function deleteLatestValues(database: Database, cutoffMs: number, rowsMax: number): void {
  database.run(
    `DELETE FROM latest_values WHERE (source_id, dimension_set_id) IN (
       SELECT source_id, dimension_set_id FROM latest_values WHERE ts < ? LIMIT CAST(? AS INTEGER))`,
    cutoffMs,
    rowsMax,
  );
}

import { dropPending, type Family, type Key } from "../../store/plan/families.ts";
import type { PendingRows } from "../../store/plan/pending-rows.ts";
import type { Database } from "../file/database.ts";
import { addRows, DAY_HOURS, type Place } from "./rollup-rows.ts";

/**
 * Write what waits in `family` and that its rows now hold everything up to measurement `lastId`: in one
 * transaction, so that nothing is ever counted twice. `clean` families have nothing that waits, so that their
 * position moves on with it. When it throws, everything still waits, in memory as in the database.
 */
export function flushFamily(
  database: Database,
  family: Family,
  clean: readonly Family[],
  lastId: number,
  nowMs: number,
): void {
  const { pending } = family;
  const lastDays = lastDayOfKeys(family);
  const keyIds = new Map<Key, number>();
  database.transaction(() => {
    for (const [key, lastDay] of lastDays) keyIds.set(key, storeKey(database, family, key, lastDay));
    const hours = family.places.map(({ key, hour }, row): Place => {
      return { bucket: hour, keyId: keyIds.get(key) ?? 0, row };
    });
    hours.sort(byBucketAndKey);
    addRows(database, "rollups_hourly", family, pending, hours, nowMs);
    const { days, places } = byDay(pending, hours);
    addRows(database, "rollups_daily", family, days, places.sort(byBucketAndKey), nowMs);
    for (const bucket of new Set(hours.map((hour) => hour.bucket))) {
      const sql =
        "INSERT OR REPLACE INTO rollup_hours (family_id, bucket, last_measurement_id) VALUES (?, ?, ?)";
      database.run(sql, family.id, bucket, lastId);
    }
    for (const { id } of [family, ...clean]) {
      const sql = "UPDATE rollup_families SET last_measurement_id = max(last_measurement_id, ?) WHERE id = ?";
      database.run(sql, lastId, id);
    }
  });
  for (const each of [family, ...clean]) each.lastMeasurementId = Math.max(each.lastMeasurementId, lastId);
  for (const [key, lastDay] of lastDays) Object.assign(key, { id: keyIds.get(key), lastDay });
  dropPending(family);
}

/** The order of the tables: neighbours share pages. */
function byBucketAndKey(a: Place, b: Place): number {
  return a.bucket - b.bucket || a.keyId - b.keyId;
}

/** The newest day of each key that something waits for, stored days included. */
function lastDayOfKeys({ places }: Family): Map<Key, number> {
  const found = new Map<Key, number>();
  for (const { key, hour } of places) {
    const day = Math.floor(hour / DAY_HOURS);
    if (day > (found.get(key) ?? Number.NEGATIVE_INFINITY)) found.set(key, Math.max(day, key.lastDay));
  }
  return found;
}

/**
 * What the hours of each day add up to; `hours` are all rows of `pending`, in the order of time. Days are
 * merged in memory from the same pending rows, so that a day is always the sum of its hours.
 */
function byDay(pending: PendingRows, hours: readonly Place[]): { days: PendingRows; places: Place[] } {
  const rowOf = new Uint32Array(hours.length);
  const places: Place[] = [];
  /** Of the day that is being passed. */
  const rowOfKey = new Map<number, number>();
  let day = Number.NaN;
  for (const { bucket, keyId, row } of hours) {
    const dayOfHour = Math.floor(bucket / DAY_HOURS);
    if (dayOfHour !== day) rowOfKey.clear();
    day = dayOfHour;
    const dayRow = rowOfKey.get(keyId) ?? places.push({ bucket: day, keyId, row: places.length }) - 1;
    rowOfKey.set(keyId, dayRow);
    rowOf[row] = dayRow;
  }
  return { days: pending.mergedInto(rowOf, places.length), places };
}

/**
 * The row id of a key, made when it is new; stores the newest day it has a row of, by which unused keys are
 * found.
 */
function storeKey(database: Database, family: Family, key: Key, lastDay: number): number {
  if (key.id !== undefined) {
    if (lastDay > key.lastDay) {
      database.run("UPDATE rollup_keys SET last_day = ? WHERE id = ?", lastDay, key.id);
    }
    return key.id;
  }
  const sql =
    "INSERT INTO rollup_keys (family_id, service, dimension_values, last_day) VALUES (?, ?, ?, ?) RETURNING id";
  return Number(database.first(sql, family.id, key.service, key.values, lastDay)?.id);
}

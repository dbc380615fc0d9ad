import type { Database } from "../database.ts";
import type { Family, Key } from "./families.ts";
import { mergePending, Pending } from "./pending.ts";
import { addRows, DAY_HOURS, type PendingRow } from "./rollup-rows.ts";

/**
 * Write what waits in `family` and note that its rows hold everything up to measurement `lastId`: in
 * one transaction, so that nothing is ever counted twice. `clean` families have nothing that waits; their
 * note moves on with it. Returns how many hourly rows were written; on failure everything waits on.
 */
export function flushFamily(
  database: Database,
  family: Family,
  clean: readonly Family[],
  lastId: number,
  nowMs: number,
): number {
  const keys = [...family.dirty];
  const stored = new Map<Key, { readonly id: number; readonly lastDay: number }>();
  const hourly: PendingRow[] = [];
  const daily: PendingRow[] = [];
  database.transaction(() => {
    for (const key of keys) {
      // Empty: made while reading on, for measurements that this family held already.
      const hours = [...key.pending].filter(([, { count }]) => count > 0);
      if (hours.length === 0) continue;
      const days = byDay(hours);
      const lastDay = Math.max(key.lastDay, ...days.keys());
      const keyId = storeKey(database, family, key, lastDay);
      stored.set(key, { id: keyId, lastDay });
      for (const [bucket, pending] of hours) hourly.push({ bucket, keyId, pending });
      for (const [bucket, pending] of days) daily.push({ bucket, keyId, pending });
    }
    addRows(database, "rollups_hourly", family, hourly, nowMs);
    addRows(database, "rollups_daily", family, daily, nowMs);
    for (const { id } of [family, ...clean]) {
      const sql = "UPDATE rollup_families SET last_measurement_id = max(last_measurement_id, ?) WHERE id = ?";
      database.run(sql, lastId, id);
    }
  });
  const written = keys.reduce((sum, key) => sum + key.pending.size, 0);
  for (const each of [family, ...clean]) each.lastMeasurementId = Math.max(each.lastMeasurementId, lastId);
  for (const [key, found] of stored) Object.assign(key, found);
  for (const key of keys) key.pending.clear();
  family.dirty.clear();
  return written;
}

/** Days since 1970 UTC → what the hours of that day add up to. */
function byDay(hours: readonly (readonly [number, Pending])[]): Map<number, Pending> {
  const days = new Map<number, Pending>();
  /** Sums made here: the hours themselves stay as they are. */
  const merged = new Set<Pending>();
  for (const [hour, pending] of hours) {
    const day = Math.floor(hour / DAY_HOURS);
    const known = days.get(day);
    if (known === undefined) {
      // One hour alone is the day so far; most writes see no other.
      days.set(day, pending);
    } else if (merged.has(known)) {
      mergePending(known, pending);
    } else {
      const sum = new Pending();
      mergePending(sum, known);
      mergePending(sum, pending);
      days.set(day, sum);
      merged.add(sum);
    }
  }
  return days;
}

/** The row id of a key, made when it is new; notes the newest day it has a row of. */
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

import { findMetricType } from "../../catalogue/catalogue.ts";
import { dimensionText } from "../../catalogue/dimension-value.ts";
import { HOUR_MS } from "../../lib/time.ts";
import type { Database } from "../database.ts";
import { restOf } from "./families.ts";
import { durationOf } from "./group.ts";
import { addToPending, Pending } from "./pending.ts";
import { binOf } from "./sketch.ts";

export interface StoredFamily {
  readonly id: number;
  readonly type: string;
  readonly dimensions: readonly string[];
  readonly lastMeasurementId: number;
}

const MEASUREMENTS = `
SELECT m.id, m.value, m.duration_ms, s.service, d.metric_type, d.dimensions
FROM measurements AS m
JOIN sources AS s ON s.id = m.source_id
JOIN dimension_sets AS d ON d.id = m.dimension_set_id
WHERE m.ts >= CAST(? AS INTEGER) AND m.ts < CAST(? AS INTEGER)`;

/** What the rows of families must say of an hour, added up anew from the measurements. */
export function createExpectation(database: Database, families: readonly StoredFamily[]) {
  const expected = new Map(families.map((family) => [family, new Map<string, Pending>()]));

  function add(family: StoredFamily, service: string, sent: Record<string, unknown>): Pending | undefined {
    const type = findMetricType(family.type);
    const rows = expected.get(family);
    if (type === undefined || rows === undefined) return undefined;
    const values = family.dimensions.map((name) => dimensionText(type, name, sent[name]));
    const rest = restOf(type, family.dimensions, values);
    const name = [values, rest]
      .map((each) => JSON.stringify(each))
      .find((json) => isKey(database, family.id, service, json));
    const key = name === undefined ? `_other ${JSON.stringify(rest)}` : `${service} ${name}`;
    const known = rows.get(key);
    if (known !== undefined) return known;
    const pending = new Pending();
    rows.set(key, pending);
    return pending;
  }

  return {
    /** Service and values (JSON) of a row → what it must say. */
    of: (family: StoredFamily) => expected.get(family) ?? new Map<string, Pending>(),
    /** Returns how many measurements the hour has. */
    addHour(hour: number): number {
      const rows = database.all(MEASUREMENTS, hour * HOUR_MS, (hour + 1) * HOUR_MS);
      for (const row of rows) {
        const type = findMetricType(String(row.metric_type));
        if (type === undefined) continue;
        const sent = JSON.parse(String(row.dimensions)) as Record<string, unknown>;
        const { success } = type.commonNames;
        const outcome = success === undefined ? null : dimensionText(type, success, sent[success]);
        const isSuccess = outcome === null ? undefined : outcome === "true";
        const value = Number(row.value);
        const duration = durationOf(
          type,
          value,
          row.duration_ms === null ? Number.NaN : Number(row.duration_ms),
        );
        for (const family of families) {
          if (family.type !== type.name || Number(row.id) > family.lastMeasurementId) continue;
          const pending = add(family, String(row.service), sent);
          const bin = binOf(duration);
          if (pending !== undefined) addToPending(pending, value, duration, bin, isSuccess);
        }
      }
      return rows.length;
    },
  };
}

function isKey(database: Database, familyId: number, service: string, values: string): boolean {
  const sql =
    "SELECT 1 AS found FROM rollup_keys WHERE family_id = ? AND service = ? AND dimension_values = ?";
  return database.first(sql, familyId, service, values) !== undefined;
}

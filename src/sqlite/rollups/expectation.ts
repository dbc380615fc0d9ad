/**
 * What rollup rows must say, computed from the measurements without the code that writes them: `rollups
 * verify` is to find that code's mistakes too. Statistics and sketches are shared, since their format is what
 * is compared.
 */
import { findMetricType } from "../../catalogue/catalogue.ts";
import type { MetricType } from "../../catalogue/definition.ts";
import { dimensionText, isSuccess } from "../../catalogue/dimension-value.ts";
import { HOUR_MS } from "../../lib/time.ts";
import { readDistribution } from "../../store/distribution.ts";
import { restOf } from "../../store/plan/families.ts";
import { durationOf } from "../../store/plan/group.ts";
import { PendingRows } from "../../store/plan/pending-rows.ts";
import { binOf } from "../../store/plan/sketch.ts";
import type { Database } from "../file/database.ts";

/** A row of `rollup_families`. */
export interface StoredFamily {
  readonly id: number;
  readonly type: string;
  readonly dimensions: readonly string[];
  /** Its rows hold the measurements up to this one; newer ones are not compared. */
  readonly lastMeasurementId: number;
}

const MEASUREMENTS = `
SELECT m.id, m.value, m.duration_ms, m.distribution, s.service, d.metric_type, d.dimensions
FROM measurements AS m
JOIN sources AS s ON s.id = m.source_id
JOIN dimension_sets AS d ON d.id = m.dimension_set_id
WHERE m.ts >= CAST(? AS INTEGER) AND m.ts < CAST(? AS INTEGER)`;

/** What the rows of a family must say of an hour. */
export interface ExpectedRows {
  readonly rows: PendingRows;
  /** Service and values (JSON) → its row. */
  readonly byName: Map<string, number>;
}

/** What the rows of families must say of an hour, added up anew from the measurements; one for each hour. */
export function createExpectation(database: Database, families: readonly StoredFamily[]) {
  const expected = new Map(
    families.map((family): [StoredFamily, ExpectedRows] => [
      family,
      { rows: new PendingRows(), byName: new Map() },
    ]),
  );

  function rowOf(
    type: MetricType,
    family: StoredFamily,
    { rows, byName }: ExpectedRows,
    service: string,
    sent: Record<string, unknown>,
  ): number {
    const values = family.dimensions.map((name) => dimensionText(type, name, sent[name]));
    const rest = restOf(type, family.dimensions, values);
    const name = [values, rest]
      .map((each) => JSON.stringify(each))
      .find((json) => isKey(database, family.id, service, json));
    const key = name === undefined ? `_other ${JSON.stringify(rest)}` : `${service} ${name}`;
    const row = byName.get(key) ?? rows.create();
    byName.set(key, row);
    return row;
  }

  return {
    expected,
    /** Returns how many measurements the hour has. */
    addHour(hour: number): number {
      const rows = database.all(MEASUREMENTS, hour * HOUR_MS, (hour + 1) * HOUR_MS);
      for (const row of rows) {
        const type = findMetricType(String(row.metric_type));
        if (type === undefined) continue;
        const sent = JSON.parse(String(row.dimensions)) as Record<string, unknown>;
        const outcome = isSuccess(type, sent);
        const value = Number(row.value);
        const sentMs = row.duration_ms === null ? Number.NaN : Number(row.duration_ms);
        const duration = durationOf(type, value, sentMs);
        const distribution = readDistribution(row.distribution);
        for (const [family, wanted] of expected) {
          if (family.type !== type.name || Number(row.id) > family.lastMeasurementId) continue;
          const place = rowOf(type, family, wanted, String(row.service), sent);
          if (distribution === undefined) wanted.rows.add(place, value, duration, binOf(duration), outcome);
          else wanted.rows.addSeveral(place, distribution, value, sentMs, outcome);
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

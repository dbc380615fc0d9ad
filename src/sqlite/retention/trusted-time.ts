import type { TrustedTimeState } from "../../store/retention.ts";
import type { Database } from "../file/database.ts";

/**
 * What was saved last. A database that has none yet knows the arrival of its newest measurement.
 * Undefined: it is empty and knows nothing.
 */
export function readTrustedTime(database: Database): TrustedTimeState | undefined {
  const row = database.first("SELECT trusted_ms, lead_ms, ahead_ms FROM trusted_time WHERE id = 1");
  if (row !== undefined) {
    const leadMs = row.lead_ms === null ? undefined : Number(row.lead_ms);
    return { trustedMs: Number(row.trusted_ms), leadMs, aheadMs: Number(row.ahead_ms) };
  }
  const newest = database.first("SELECT request >> 19 AS second FROM measurements ORDER BY id DESC LIMIT 1");
  if (newest === undefined) return undefined;
  return { trustedMs: Number(newest.second) * 1000, leadMs: undefined, aheadMs: 0 };
}

export function saveTrustedTime(database: Database, state: TrustedTimeState): void {
  database.run(
    `INSERT INTO trusted_time (id, trusted_ms, lead_ms, ahead_ms)
     VALUES (1, CAST(? AS INTEGER), CAST(? AS INTEGER), CAST(? AS INTEGER))
     ON CONFLICT (id) DO UPDATE SET trusted_ms = excluded.trusted_ms, lead_ms = excluded.lead_ms,
       ahead_ms = excluded.ahead_ms`,
    state.trustedMs,
    state.leadMs,
    state.aheadMs,
  );
}

import type { TrustedTimeState } from "../../store/retention.ts";
import type { Database } from "../file/database.ts";

/**
 * The state of the time that retention goes by (`maintenance/trusted-time.ts`), as it was saved last. A
 * database of an older version has none, and begins with the arrival of its newest measurement. Undefined: it
 * is empty.
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

/**
 * Keep the state from what is stored next with an arrival of long ago, as an import does: of an empty database,
 * the time is the clock's.
 */
export function keepTrustedTime(database: Database, wallMs: number): void {
  const empty = { trustedMs: wallMs, leadMs: undefined, aheadMs: 0 };
  saveTrustedTime(database, readTrustedTime(database) ?? empty);
}

/**
 * Save the state, in the table's one row. A crash loses what was followed since: the cleanup then deletes
 * less.
 */
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

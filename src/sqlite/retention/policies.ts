import { ServiceError } from "../../errors.ts";
import {
  MEASUREMENT_TABLES,
  type PolicyChange,
  RETENTION_TABLES,
  type RetentionPolicy,
} from "../../store/retention.ts";
import type { Database, Row } from "../file/database.ts";

const COLUMNS = "table_name, retention_days, is_active, timestamp_column";

function read(row: Row): RetentionPolicy {
  return {
    tableName: String(row.table_name),
    retentionDays: Number(row.retention_days),
    isActive: row.is_active === 1,
    timestampColumn: String(row.timestamp_column),
  };
}

/** Every policy, in the order of `RETENTION_TABLES`; a row for a table that is not in it governs nothing. */
export function listPolicies(database: Database): readonly RetentionPolicy[] {
  const rows = database.all(`SELECT ${COLUMNS} FROM retention_policies`);
  const byName = new Map(rows.map((row) => [String(row.table_name), read(row)]));
  return RETENTION_TABLES.flatMap(({ name }) => byName.get(name) ?? []);
}

/**
 * Set a policy. From then on it is the operator's own, and METRICS_RETENTION_DAYS leaves it alone.
 *
 * @throws {ServiceError} `not_found`; the caller knows the names.
 */
export function setPolicy(database: Database, change: PolicyChange, nowMs: number): RetentionPolicy {
  const row = database.first(
    `UPDATE retention_policies SET is_default = 0, updated_at = ?,
       retention_days = coalesce(CAST(? AS INTEGER), retention_days),
       is_active = coalesce(CAST(? AS INTEGER), is_active)
     WHERE table_name = ? RETURNING ${COLUMNS}`,
    new Date(nowMs).toISOString(),
    change.retentionDays,
    change.isActive,
    change.tableName,
  );
  if (row === undefined) throw new ServiceError("not_found", `no policy of ${change.tableName}`);
  return read(row);
}

/**
 * Give the measurements' policies that nobody has set the default of METRICS_RETENTION_DAYS; in one
 * transaction.
 */
export function applyDefaultRetention(database: Database, retentionDays: number, nowMs: number): void {
  const sql = `UPDATE retention_policies SET retention_days = CAST(?1 AS INTEGER), updated_at = ?2
    WHERE table_name = ?3 AND is_default = 1 AND retention_days <> ?1`;
  database.transaction(() => {
    for (const { name } of MEASUREMENT_TABLES) {
      database.run(sql, retentionDays, new Date(nowMs).toISOString(), name);
    }
  });
}

/**
 * Record that rows of a table from before `cutoffMs` may be missing, inside the transaction that deletes the
 * first of them. Queries read it to tell "none there were" from "deleted"; it never goes back.
 */
export function markDeletedBefore(database: Database, tableName: string, cutoffMs: number): void {
  database.run(
    `UPDATE retention_policies SET deleted_before_ms = CAST(?1 AS INTEGER)
     WHERE table_name = ?2 AND (deleted_before_ms IS NULL OR deleted_before_ms < ?1)`,
    cutoffMs,
    tableName,
  );
}

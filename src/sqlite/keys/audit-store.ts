/**
 * The audit trail: who did what, in `admin_audit_log`. What changes rows is written down in the transaction
 * that changes them; what takes long, or changes no row, is recorded as begun and finished later.
 */
import type { AuditDetails, AuditEntry, AuditTrace } from "../../store/audit.ts";
import { repairJson } from "../file/bind.ts";
import type { Database, Row } from "../file/database.ts";

/** Write an act down; returns the id of its row. `outcome`: `ok`, `started`, or the reason of a rejection. */
export function recordAudit(database: Database, trace: AuditTrace, outcome: string): number {
  const row = database.first(
    `INSERT INTO admin_audit_log (timestamp, api_key_id, actor, action, target, details, outcome)
     VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`,
    new Date(trace.timestampMs).toISOString(),
    trace.apiKeyId,
    trace.actor,
    trace.action,
    trace.target,
    repairJson(JSON.stringify(trace.details)),
    outcome,
  );
  return Number(row?.id);
}

/**
 * Record how an act ended; `details` is merged into those that are there (RFC 7396, SQLite's `json_patch`).
 */
export function finishAudit(database: Database, id: number, outcome: string, details: AuditDetails): void {
  database.run(
    "UPDATE admin_audit_log SET outcome = ?, details = json_patch(details, ?) WHERE id = ?",
    outcome,
    repairJson(JSON.stringify(details)),
    id,
  );
}

/**
 * Do `act` and write it down, both or neither. `describe` adds details that only the result has, such as the
 * id of a new key. An act that is rejected leaves nothing here; its caller records that outside of the
 * transaction.
 */
export function audited<Result>(
  database: Database,
  trace: AuditTrace,
  act: () => Result,
  describe: (result: Result) => AuditDetails = () => ({}),
): Result {
  return database.transaction(() => {
    const result = act();
    recordAudit(database, { ...trace, details: { ...trace.details, ...describe(result) } }, "ok");
    return result;
  });
}

/** Acts before row `beforeId` (undefined: all), newest first, at most `rowsMax`. */
export function listAudit(
  database: Database,
  beforeId: number | undefined,
  rowsMax: number,
): readonly AuditEntry[] {
  const sql = `SELECT log.id, timestamp, api_key_id, key_prefix, actor, action, target, details, outcome
    FROM admin_audit_log AS log LEFT JOIN api_keys AS keys ON keys.id = api_key_id
    WHERE log.id < ? ORDER BY log.id DESC LIMIT CAST(? AS INTEGER)`;
  return database.all(sql, beforeId ?? Number.MAX_SAFE_INTEGER, rowsMax).map(read);
}

function read(row: Row): AuditEntry {
  return {
    id: Number(row.id),
    timestampMs: Date.parse(String(row.timestamp)),
    apiKeyId: Number(row.api_key_id),
    ...(row.key_prefix !== null && { apiKeyPrefix: String(row.key_prefix) }),
    actor: String(row.actor),
    action: String(row.action),
    target: String(row.target),
    details: JSON.parse(String(row.details)),
    outcome: String(row.outcome),
  };
}

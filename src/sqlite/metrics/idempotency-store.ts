import { LIMITS } from "../../catalogue/limits.ts";
import type { StoredAnswer } from "../../store/metrics.ts";
import type { IdempotencyRecord } from "../../store/submission.ts";
import type { Database } from "../file/database.ts";

/**
 * The record of a key that has not expired by `nowMs`. An expired one may still stand there, and means
 * nothing.
 */
export function findAnswer(
  database: Database,
  apiKeyId: number,
  key: string,
  nowMs: number,
): StoredAnswer | undefined {
  const row = database.first(
    `SELECT fingerprint, answer FROM idempotency_keys
     WHERE api_key_id = ? AND idempotency_key = ? AND expires_ms > ?`,
    apiKeyId,
    key,
    nowMs,
  );
  return row && { fingerprint: String(row.fingerprint), answer: String(row.answer) };
}

/**
 * Remember what a key was answered, inside the transaction that stores the rows: a retry after a crash finds
 * both or neither. Replaces an expired record.
 */
export function recordAnswer(
  database: Database,
  keyed: IdempotencyRecord & { readonly apiKeyId: number },
  nowMs: number,
): void {
  database.run(
    `INSERT OR REPLACE INTO idempotency_keys (api_key_id, idempotency_key, fingerprint, answer, expires_ms)
     VALUES (?, ?, ?, ?, ?)`,
    keyed.apiKeyId,
    keyed.key,
    keyed.fingerprint,
    keyed.answer,
    nowMs + LIMITS.IDEMPOTENCY_MS,
  );
}

/** Delete at most `rowsMax` expired records; returns how many, fewer than `rowsMax` when none is left. */
export function deleteExpiredIdempotencyKeys(database: Database, nowMs: number, rowsMax: number): number {
  return database.run(
    `DELETE FROM idempotency_keys WHERE (api_key_id, idempotency_key) IN (
       SELECT api_key_id, idempotency_key FROM idempotency_keys WHERE expires_ms <= ? LIMIT CAST(? AS INTEGER))`,
    nowMs,
    rowsMax,
  ).changes;
}

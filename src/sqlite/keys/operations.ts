import type { AuditDetails, AuditTrace } from "../../store/audit.ts";
import type { EnvironmentKey, KeyRotation, NewApiKey, UsageRecord } from "../../store/keys.ts";
import type { OperationContext } from "../threads/operation.ts";
import { audited, finishAudit, listAudit, recordAudit } from "./audit-store.ts";
import { createKey, listKeys, revokeKey, rotateKey, syncEnvironmentKeys, upgradeHash } from "./key-store.ts";
import { listDailyUsage, recordUsage } from "./usage-store.ts";

/**
 * What of `KeyStore` the writer thread carries out: all of it, since the rows are few and reads need the
 * newest.
 */
export function keyOperations({ database, read, write }: OperationContext) {
  return {
    list: read("select", "api_keys", () => listKeys(database)),
    create: write("insert", "api_keys", (key: NewApiKey, nowMs: number, trace: AuditTrace) =>
      audited(
        database,
        trace,
        () => createKey(database, key, nowMs),
        ({ id }) => ({ id }),
      ),
    ),
    revoke: write("update", "api_keys", (id: number, trace: AuditTrace) =>
      audited(database, trace, () => revokeKey(database, id)),
    ),
    rotate: write("update", "api_keys", (rotation: KeyRotation, trace: AuditTrace) =>
      audited(
        database,
        trace,
        () => rotateKey(database, rotation),
        ({ replacement }) => ({ new_id: replacement.id }),
      ),
    ),
    syncEnvironment: write(
      "update",
      "api_keys",
      (keys: readonly EnvironmentKey[], rateLimit: number, nowMs: number) =>
        syncEnvironmentKeys(database, keys, rateLimit, nowMs),
    ),
    upgradeHash: write("update", "api_keys", (id: number, keyHash: string) =>
      upgradeHash(database, id, keyHash),
    ),
    recordUsage: write("upsert", "api_key_usage_log", (record: UsageRecord, nowMs: number) =>
      recordUsage(database, record, nowMs),
    ),
    listDailyUsage: read("select", "api_key_daily_usage", () => listDailyUsage(database)),
  };
}

/** What of `AuditStore` the writer thread carries out: all of it. */
export function auditOperations({ database, read, write }: OperationContext) {
  const table = "admin_audit_log";
  return {
    record: write("insert", table, (trace: AuditTrace, outcome: string) =>
      recordAudit(database, trace, outcome),
    ),
    finish: write("update", table, (id: number, outcome: string, details: AuditDetails) =>
      finishAudit(database, id, outcome, details),
    ),
    list: read("select", table, (beforeId: number | undefined, limit: number) =>
      listAudit(database, beforeId, limit),
    ),
  };
}

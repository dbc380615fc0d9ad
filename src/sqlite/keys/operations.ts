import type { AuditDetails, AuditTrace } from "../../store/audit.ts";
import type {
  ApiKeyRecord,
  EnvironmentKey,
  KeyChange,
  KeyRotation,
  LearntOfKey,
  NewApiKey,
  UsageRecord,
} from "../../store/keys.ts";
import type { OperationContext } from "../threads/operation.ts";
import { audited, finishAudit, listAudit, recordAudit } from "./audit-store.ts";
import {
  createKey,
  learnOfKey,
  listKeys,
  revokeKey,
  rotateKey,
  syncEnvironmentKeys,
  updateKey,
} from "./key-store.ts";
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
        ({ id, prefix }) => ({ id, ...(prefix !== undefined && { prefix }) }),
      ),
    ),
    revoke: write("update", "api_keys", (id: number, trace: AuditTrace) =>
      audited(database, trace, () => revokeKey(database, id), namesOf),
    ),
    update: write("update", "api_keys", (id: number, change: KeyChange, trace: AuditTrace) =>
      audited(database, trace, () => updateKey(database, id, change), namesOf),
    ),
    rotate: write("update", "api_keys", (rotation: KeyRotation, trace: AuditTrace) =>
      audited(
        database,
        trace,
        () => rotateKey(database, rotation),
        ({ old, replacement }) => ({
          ...namesOf(old),
          new_id: replacement.id,
          ...(replacement.prefix !== undefined && { new_prefix: replacement.prefix }),
        }),
      ),
    ),
    syncEnvironment: write(
      "update",
      "api_keys",
      (keys: readonly EnvironmentKey[], rateLimit: number, nowMs: number) =>
        syncEnvironmentKeys(database, keys, rateLimit, nowMs),
    ),
    learn: write("update", "api_keys", (id: number, learnt: LearntOfKey) => learnOfKey(database, id, learnt)),
    recordUsage: write("upsert", "api_key_usage_log", (record: UsageRecord, nowMs: number) =>
      recordUsage(database, record, nowMs),
    ),
    listDailyUsage: read("select", "api_key_daily_usage", () => listDailyUsage(database)),
  };
}

/** What tells a key from others, beside the id that the target names. */
function namesOf({ service, role, prefix }: ApiKeyRecord): AuditDetails {
  return { service, role, ...(prefix !== undefined && { prefix }) };
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

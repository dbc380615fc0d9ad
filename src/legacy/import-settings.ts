import { LIMITS } from "../catalogue/limits.ts";
import { readTimestamp } from "../ingest/parse-timestamp.ts";
import type { Database } from "../sqlite/file/database.ts";
import type { LegacyValue } from "../sqlite/legacy/legacy-columns.ts";
import { importKey, importPolicy, type LegacyKey } from "../sqlite/legacy/legacy-imports.ts";
import type { LegacySource } from "../sqlite/legacy/legacy-source.ts";
import { booleanOf, textOf } from "./read-values.ts";

/** What became of the rows of a small table: keys, or policies. */
export interface ImportCounts {
  imported: number;
  /** Rows whose key, or whose table's policy, is set here already: these are left as they are. */
  alreadyHere: number;
  /** Reason → how many rows it was given for. */
  skipped: Record<string, number>;
}

type LegacyRow = Readonly<Record<string, LegacyValue>>;

/**
 * Take over the API keys: their hashes, so that clients go on with the keys they have. Each gets the role of
 * a writer, whatever the predecessor let it do: the right to read or administer is granted here.
 */
export function importKeys(
  database: Database,
  source: LegacySource,
  defaults: { readonly nowMs: number; readonly rateLimit: number },
): ImportCounts {
  return importEach(source.keys(), (row) => {
    const key = readKey(row, defaults);
    return typeof key === "string" ? key : importKey(database, key);
  });
}

/** Take over the retention policies of tables that exist here too; periods from a day to a century. */
export function importPolicies(database: Database, source: LegacySource): ImportCounts {
  return importEach(source.policies(), (row) => {
    const days = Number(row.retention_days ?? Number.NaN);
    if (!(Number.isInteger(days) && days >= 1 && days <= 36_500)) return "retention_days: not 1 to 36500";
    return importPolicy(database, row.table_name ?? null, days, booleanOf(row.is_active ?? null) ?? true);
  });
}

/** `take` returns whether the row was new here, or the reason why it is skipped. */
function importEach(rows: readonly LegacyRow[], take: (row: LegacyRow) => boolean | string): ImportCounts {
  const counts: ImportCounts = { imported: 0, alreadyHere: 0, skipped: {} };
  for (const row of rows) {
    const result = take(row);
    if (typeof result === "string") counts.skipped[result] = (counts.skipped[result] ?? 0) + 1;
    else if (result) counts.imported += 1;
    else counts.alreadyHere += 1;
  }
  return counts;
}

/** The key of a row, or the reason why it has none. Characters that service names may not have become `_`. */
function readKey(
  row: LegacyRow,
  { nowMs, rateLimit }: { readonly nowMs: number; readonly rateLimit: number },
): LegacyKey | string {
  const keyHash = textOf(row.key_hash ?? null).toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(keyHash)) return "key_hash: no SHA-256 in hex";
  const service = textOf(row.service_name ?? null).replace(/[^A-Za-z0-9_-]/g, "_");
  if (service === "" || service.length > LIMITS.SERVICE_LENGTH_MAX)
    return "service_name: missing or too long";
  return {
    keyHash,
    service,
    createdAt: isoOf(row.created_at) ?? new Date(nowMs).toISOString(),
    lastUsedAt: isoOf(row.last_used_at) ?? null,
    // Only what plainly says so: a revoked key must not come to life.
    isActive: row.is_active === null || booleanOf(row.is_active ?? null) === true,
    rateLimit: count(row.rate_limit) ?? rateLimit,
    usageCount: count(row.usage_count) ?? 0,
    dailyUsageLimit: count(row.daily_usage_limit) ?? null,
    monthlyUsageLimit: count(row.monthly_usage_limit) ?? null,
    description: textOf(row.description ?? null),
  };
}

/** A time in any spelling that submissions may have, as ISO 8601 UTC. */
function isoOf(value: LegacyValue | undefined): string | undefined {
  const ms = readTimestamp(value);
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

/** A whole number of 1 or more; anything else sets no limit and counts nothing. */
function count(value: LegacyValue | undefined): number | undefined {
  const number = Number(value ?? Number.NaN);
  return Number.isSafeInteger(number) && number >= 1 ? number : undefined;
}

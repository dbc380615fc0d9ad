import type { Database } from "../file/database.ts";
import type { LegacyValue } from "./legacy-columns.ts";
import type { LegacySource } from "./legacy-source.ts";

/** Reason → how many rows it was given for. */
export type ReasonCounts = Readonly<Record<string, number>>;

/** How far a predecessor's database has been taken over: a row of `legacy_imports`, all runs together. */
export interface LegacyImport {
  /** Tells the source from others, wherever its file is: `LegacySource.fingerprint`. */
  readonly fingerprint: string;
  /** The id of the last metric that was looked at; 0 before the first. */
  readonly lastId: number;
  readonly rowsImported: number;
  readonly rowsSkipped: number;
  /** Why rows were skipped. */
  readonly skipped: ReasonCounts;
  /** What was left out of rows that were imported. */
  readonly leftOut: ReasonCounts;
}

/**
 * The source was imported before and its metrics have changed since, as in a copy that another service wrote
 * to: going on would lose some rows, or take some twice. Nothing was imported.
 */
export class DivergedSourceError extends Error {
  override readonly name = "DivergedSourceError";
}

/**
 * The earlier import of this source, or a new one. Inside a transaction, together with the keys and policies.
 *
 * A source is recognised by the row that was looked at last. Where that row is gone, retention has deleted
 * it with all before it, and the fingerprint decides. A source that never had so many rows is an older copy,
 * or another database with the same first key: what is new in it cannot be told.
 *
 * @throws {DivergedSourceError}
 */
export function resumeImport(
  database: Database,
  source: LegacySource,
  path: string,
  nowMs: number,
): LegacyImport {
  const earlier = database.all("SELECT * FROM legacy_imports WHERE last_id > 0");
  const known = earlier.find((row) => source.digestOf(Number(row.last_id)) === row.last_row);
  const fingerprint = known === undefined ? source.fingerprint() : String(known.fingerprint);
  const same = earlier.find((row) => row.fingerprint === fingerprint);
  if (known === undefined && same !== undefined) rejectDiverged(source, path, same);
  const startedAt = new Date(nowMs).toISOString();
  database.run(
    `INSERT INTO legacy_imports
       (fingerprint, path, last_id, last_row, rows_imported, rows_skipped, skipped, left_out, started_at)
     VALUES (?, ?, 0, '', 0, 0, '{}', '{}', ?)
     ON CONFLICT (fingerprint) DO UPDATE SET path = excluded.path, finished_at = NULL`,
    fingerprint,
    path,
    startedAt,
  );
  const row = database.first("SELECT * FROM legacy_imports WHERE fingerprint = ?", fingerprint);
  return {
    fingerprint,
    lastId: Number(row?.last_id),
    rowsImported: Number(row?.rows_imported),
    rowsSkipped: Number(row?.rows_skipped),
    skipped: JSON.parse(String(row?.skipped)),
    leftOut: JSON.parse(String(row?.left_out)),
  };
}

function rejectDiverged(
  source: LegacySource,
  path: string,
  earlier: Readonly<Record<string, unknown>>,
): void {
  const lastId = Number(earlier.last_id);
  const isChanged = source.digestOf(lastId) !== undefined;
  const highestId = source.highestId();
  // Without any metrics there is nothing to lose.
  if (!isChanged && (highestId === 0 || highestId >= lastId)) return;
  const what = isChanged
    ? `row ${lastId} is another one`
    : `it ends at row ${highestId}, and row ${lastId} was imported`;
  throw new DivergedSourceError(
    `${path} was imported from ${earlier.path} before, and its metrics have changed since: ${what}. ` +
      "Import it into a database of its own",
  );
}

/**
 * Store how far it is, in the transaction that stores the rows: an interrupted import neither repeats nor
 * skips any. `lastRow`: the digest of row `lastId`, by which the source is recognised next time.
 */
export function recordProgress(database: Database, progress: LegacyImport, lastRow: string): void {
  database.run(
    `UPDATE legacy_imports SET last_id = CAST(? AS INTEGER), last_row = ?, rows_imported = CAST(? AS INTEGER),
       rows_skipped = CAST(? AS INTEGER), skipped = ?, left_out = ? WHERE fingerprint = ?`,
    progress.lastId,
    lastRow,
    progress.rowsImported,
    progress.rowsSkipped,
    JSON.stringify(progress.skipped),
    JSON.stringify(progress.leftOut),
    progress.fingerprint,
  );
}

/** The whole source was looked at; a later run that finds more rows clears this until it has finished too. */
export function recordFinished(database: Database, { fingerprint }: LegacyImport, nowMs: number): void {
  const finishedAt = new Date(nowMs).toISOString();
  database.run("UPDATE legacy_imports SET finished_at = ? WHERE fingerprint = ?", finishedAt, fingerprint);
}

/** An API key of the predecessor, validated. Times are ISO 8601 UTC; null: none, or no limit. */
export interface LegacyKey {
  readonly keyHash: string;
  readonly service: string;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
  readonly isActive: boolean;
  readonly rateLimit: number;
  readonly usageCount: number;
  readonly dailyUsageLimit: number | null;
  readonly monthlyUsageLimit: number | null;
  readonly description: string;
}

/**
 * Store a key with the role of a writer. False when its hash is there already, or was before the key was first
 * used here: that one is left as it is.
 */
export function importKey(database: Database, key: LegacyKey): boolean {
  return (
    database.run(
      `INSERT INTO api_keys (key_hash, service_name, created_at, last_used_at, is_active, rate_limit,
         usage_count, daily_usage_limit, monthly_usage_limit, description)
       SELECT ?, ?, ?, ?, CAST(? AS INTEGER), CAST(? AS INTEGER), CAST(? AS INTEGER), CAST(? AS INTEGER),
         CAST(? AS INTEGER), ?
       WHERE NOT EXISTS (SELECT 1 FROM api_keys WHERE legacy_hash = ?)
       ON CONFLICT (key_hash) DO NOTHING`,
      key.keyHash,
      key.service,
      key.createdAt,
      key.lastUsedAt,
      key.isActive,
      key.rateLimit,
      key.usageCount,
      key.dailyUsageLimit,
      key.monthlyUsageLimit,
      key.description,
      key.keyHash,
    ).changes > 0
  );
}

/** Set a policy that nobody has set yet. False: it is unknown here, or somebody has. */
export function importPolicy(
  database: Database,
  table: LegacyValue,
  days: number,
  isActive: boolean,
): boolean {
  return (
    database.run(
      `UPDATE retention_policies SET retention_days = CAST(? AS INTEGER), is_active = CAST(? AS INTEGER),
         is_default = 0, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
       WHERE table_name = ? AND is_default = 1`,
      days,
      isActive,
      table,
    ).changes > 0
  );
}

import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import type { Config } from "../config.ts";
import { isExport } from "../legacy/export/export-files.ts";
import { importLegacy, type LegacyResult } from "../legacy/import-legacy.ts";
import type { ImportCounts } from "../legacy/import-settings.ts";
import { systemClock } from "../lib/clock.ts";
import { createPseudonymise } from "../lib/pseudonym.ts";
import type { Database } from "../sqlite/file/database.ts";
import { takeOverCommands } from "../sqlite/file/failure.ts";
import { readInstallationSecret } from "../sqlite/file/installation-secret.ts";
import { realDatabasePath } from "../sqlite/file/real-path.ts";
import { DivergedSourceError } from "../sqlite/legacy/legacy-imports.ts";
import { LegacySourceError, openLegacySource } from "../sqlite/legacy/legacy-source.ts";
import type { CommandRun } from "./commands.ts";
import { runImportDirectory } from "./import-directory.ts";
import { importInto } from "./import-target.ts";
import { CommandError, type Output } from "./output.ts";
import { createProgress, type Progress } from "./progress.ts";

/** A parsed `import-legacy` command line. */
type ImportRun = Extract<CommandRun, { name: "import-legacy" }>;

/**
 * Take over a predecessor's database, or a directory's export, into the configured one, which no service may
 * hold. Shows its progress on standard error. Interrupted, the same command goes on where it was; repeated, it takes
 * what is new.
 *
 * @throws {CommandError} when the file is no predecessor's, was changed since an earlier import, or a service
 * runs.
 */
export async function runImportLegacy({ values }: ImportRun, config: Config, output: Output): Promise<void> {
  const path = resolve(values.path);
  if (isExport(path)) return runImportDirectory(path, values.public, config, output);
  if (values.public) throw new CommandError(`--public is for a directory's export, and ${path} is none`);
  const progress = createProgress({
    write: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY,
    monotonicMs: systemClock.monotonicMs,
    unit: "rows",
  });
  try {
    const result = await importFrom(path, config, progress);
    output.print(describe(path, result), toJson(path, result));
    remarkOnExpired(result, output);
  } catch (error) {
    throw isExpected(error) ? new CommandError((error as Error).message, { cause: error }) : error;
  }
}

/** The import itself, with an entry in the audit trail. */
async function importFrom(path: string, config: Config, progress: Progress): Promise<LegacyResult> {
  const target = config.database.path;
  const source = openLegacySource(path);
  try {
    if (realpathSync(path) === realDatabasePath(target)) {
      // Compared by real path: either may be a symbolic link.
      throw new CommandError(`${path}: the service itself is set to this file; ${takeOverCommands(path)}`);
    }
    const work = (database: Database) =>
      importLegacy({
        database,
        source,
        path,
        wallMs: systemClock.wallMs,
        pseudonymise: createPseudonymise(readInstallationSecret(target)),
        rateLimit: config.keys.rateLimitPerMinute,
        rawDays: config.retention.rawDays,
        onProgress: progress.show,
      });
    return await importInto(target, path, work, ({ imported, skipped, keys }) => ({
      metrics_imported: imported,
      metrics_skipped: skipped,
      keys_imported: keys.imported,
    }));
  } finally {
    progress.clear();
    source.close();
  }
}

/**
 * Warns before the service deletes what was just imported: the policy may be a default that nobody thought
 * of.
 */
function remarkOnExpired({ expired }: LegacyResult, output: Output): void {
  if (expired === 0) return;
  output.remark(
    `${expired} of the imported metrics are older than their retention policy allows: the service deletes ` +
      "them at its next cleanup. To keep them, set METRICS_RETENTION_DAYS or the policy before it starts.",
  );
}

/** Whether the message says all there is to say; anything else is a defect and shown with its stack. */
function isExpected(error: unknown): boolean {
  return error instanceof LegacySourceError || error instanceof DivergedSourceError;
}

/** The result for people, a line each; reasons are those of all runs together. */
function describe(
  path: string,
  { imported, skipped, total, keys, policies, leftBehind }: LegacyResult,
): string {
  const earlier = total.rowsImported + total.rowsSkipped - imported - skipped;
  const before = earlier === 0 ? "" : ` (${earlier} rows were looked at by an earlier run)`;
  return [
    `${path}:`,
    `  metrics   ${imported} imported, ${skipped} skipped${before}`,
    ...reasons("skipped", total.skipped),
    ...reasons("left out", total.leftOut),
    `  keys      ${describeCounts(keys)}`,
    ...reasons("skipped", keys.skipped),
    `  policies  ${describeCounts(policies)}`,
    ...reasons("skipped", policies.skipped),
    ...Object.entries(leftBehind).map(([table, rows]) => `  not taken over: ${rows} rows of ${table}`),
  ].join("\n");
}

function reasons(what: string, counts: Readonly<Record<string, number>>): readonly string[] {
  return Object.entries(counts).map(([reason, rows]) => `            ${what}: ${rows} × ${reason}`);
}

function describeCounts({ imported, alreadyHere }: ImportCounts): string {
  return `${imported} imported, ${alreadyHere} left as they are here`;
}

/** The result for `--json`. */
function toJson(path: string, { imported, skipped, total, keys, policies, leftBehind }: LegacyResult) {
  const countsJson = (each: ImportCounts) => ({
    imported: each.imported,
    already_here: each.alreadyHere,
    skipped: each.skipped,
  });
  return {
    path,
    metrics: {
      imported,
      skipped,
      imported_in_all: total.rowsImported,
      skipped_in_all: total.rowsSkipped,
      skipped_by_reason: total.skipped,
      left_out_by_reason: total.leftOut,
    },
    keys: countsJson(keys),
    policies: countsJson(policies),
    not_taken_over: leftBehind,
  };
}

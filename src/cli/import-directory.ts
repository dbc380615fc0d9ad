import type { Config } from "../config.ts";
import { type DirectoryResult, importDirectory, type TableCounts } from "../legacy/import-directory.ts";
import { systemClock } from "../lib/clock.ts";
import { createPseudonymise } from "../lib/pseudonym.ts";
import { createWebhookSeal } from "../lib/seal.ts";
import type { Database } from "../sqlite/file/database.ts";
import { readInstallationSecret } from "../sqlite/file/installation-secret.ts";
import { LegacySourceError } from "../sqlite/legacy/legacy-source.ts";
import { importInto } from "./import-target.ts";
import { CommandError, type Output } from "./output.ts";
import { createProgress } from "./progress.ts";

/**
 * Take over a directory's export: a folder of CSV files and SQL dumps, or one of them. Repeated, it takes what is
 * new.
 *
 * @throws {CommandError} when it is none, or a service runs.
 */
export async function runImportDirectory(
  path: string,
  isPublic: boolean,
  config: Config,
  output: Output,
): Promise<void> {
  const target = config.database.path;
  const progress = createProgress({
    write: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY,
    monotonicMs: systemClock.monotonicMs,
    unit: "rows",
  });
  const work = (database: Database) => {
    const secret = readInstallationSecret(target);
    return importDirectory({
      database,
      path,
      wallMs: systemClock.wallMs,
      pseudonymise: createPseudonymise(secret),
      seal: createWebhookSeal(secret),
      rateLimit: config.keys.rateLimitPerMinute,
      isPublic,
      onProgress: progress.show,
    });
  };
  try {
    const result = await importInto(target, path, work, countsOf);
    output.print(describe(path, result), toJson(path, result));
    remarkOnExpired(result, output);
  } catch (error) {
    throw error instanceof LegacySourceError ? new CommandError(error.message, { cause: error }) : error;
  } finally {
    progress.clear();
  }
}

/** Warns before the service deletes what was just imported. */
function remarkOnExpired(result: DirectoryResult, output: Output): void {
  for (const [table, { expired }] of Object.entries(result)) {
    if (expired === 0) continue;
    output.remark(
      `${expired} of the imported rows of ${table} are older than its retention policy allows: the service ` +
        `deletes them at its next cleanup. To keep them, before it starts: mcp-metrics retention set ${table} --days N`,
    );
  }
}

/** For the audit trail: `servers_imported` and so on. */
function countsOf(result: DirectoryResult) {
  return Object.fromEntries(
    Object.entries(result).map(([what, { imported }]) => [`${what}_imported`, imported]),
  );
}

/** For people: a line for each table, and one for each reason. */
function describe(path: string, result: DirectoryResult): string {
  const lines = Object.entries(result).flatMap(([what, { imported, alreadyHere, skipped, leftOut }]) => [
    `  ${what.padEnd(20)}  ${imported} imported, ${alreadyHere} were here already`,
    ...Object.entries(skipped).map(([reason, rows]) => `      skipped: ${rows} × ${reason}`),
    ...Object.entries(leftOut).map(([reason, rows]) => `      left out: ${rows} × ${reason}`),
  ]);
  return [`${path}:`, ...lines].join("\n");
}

/** The result for `--json`. */
function toJson(path: string, result: DirectoryResult) {
  const countsJson = ({ imported, alreadyHere, expired, skipped, leftOut }: TableCounts) => ({
    imported,
    already_here: alreadyHere,
    expired,
    skipped_by_reason: skipped,
    left_out_by_reason: leftOut,
  });
  return {
    path,
    ...Object.fromEntries(Object.entries(result).map(([what, counts]) => [what, countsJson(counts)])),
  };
}

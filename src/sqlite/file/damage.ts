/**
 * Whether a file is sound, by SQLite's own checks (https://sqlite.org/pragma.html#pragma_quick_check): at
 * once while it is opened when it is small, and beside the service when it is large.
 *
 * Without it, a damaged page shows itself when it is first read, which may be months later.
 */
import { BackgroundJobError, startBackgroundJob } from "./background-job.ts";
import type { Database } from "./database.ts";
import { isUnusableFile } from "./failure.ts";

/** The file can be read and is wrong; the message holds the findings. */
export class DamagedDatabaseError extends Error {
  override readonly name = "DamagedDatabaseError";
  constructor(findings: readonly string[]) {
    super(describeDamage(findings));
  }
}

/** Findings reported at the most; one is enough to act. */
const FINDINGS_MAX = 5;
/** As many pages (200 MB) as are checked in some tenths of a second, or in two seconds from a slow disk. */
const PAGES_MAX_AT_ONCE = 50_000;

/**
 * What `quick_check` finds, or with `full` (`integrity_check`) also what an index lacks of its table; empty:
 * nothing. Reads the whole file in one statement.
 */
export function findDamage(database: Database, full: boolean): readonly string[] {
  const pragma = full ? "integrity_check" : "quick_check";
  // The whole, and then the schema: SQLite 3.45 looks at the list of free pages only where a table comes
  // first in what it goes through, and a view may, as its hash will have it. For the schema it always does.
  for (const what of [FINDINGS_MAX, "sqlite_schema"]) {
    const findings = database.all(`PRAGMA ${pragma}(${what})`).map((row) => String(row[pragma]));
    if (findings.join() !== "ok") return findings;
  }
  return [];
}

/**
 * Reject a damaged database, if it is small enough to be checked now. Returns whether it was checked; where
 * not, `searchForDamage` does so later.
 *
 * @throws {DamagedDatabaseError}
 */
export function rejectDamage(database: Database): boolean {
  if (Number(database.first("PRAGMA page_count")?.page_count) > PAGES_MAX_AT_ONCE) return false;
  const findings = findDamage(database, false);
  if (findings.length > 0) throw new DamagedDatabaseError(findings);
  return true;
}

/** The findings as one line. */
export function describeDamage(findings: readonly string[]): string {
  return `the database is damaged: ${findings.join("; ").replaceAll("\n", " ")}`;
}

/** How a search ended; one of them is called once, unless the search is given up before. */
export interface DamageReports {
  readonly onSound: () => void;
  /** The service goes on, and must not be ready: what it stores may not be found again. */
  readonly onDamaged: (findings: readonly string[]) => void;
  /** The search itself failed: nothing is known. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * Search a database that was too large for it at start, in a process beside the service. Returns how to
 * give it up, which resolves once that process is gone.
 */
export function searchForDamage(
  path: string,
  { onSound, onDamaged, onFailed }: DamageReports,
): () => Promise<void> {
  const job = startBackgroundJob({ kind: "check", path, full: false });
  let isGivenUp = false;
  job.result.then(
    (findings) => (findings.length === 0 ? onSound() : onDamaged(findings)),
    (error: unknown) => {
      if (isGivenUp) return;
      // SQLite cannot even read the schema of such a file: that is the finding.
      if (error instanceof BackgroundJobError && isUnusableFile(error.failure)) onDamaged([error.message]);
      else onFailed(error);
    },
  );
  return async () => {
    isGivenUp = true;
    await job.cancel();
  };
}

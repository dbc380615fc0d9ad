import { existsSync } from "node:fs";
import type { Clock } from "../../lib/clock.ts";
import { BackgroundJobError, startBackgroundJob } from "./background-job.ts";
import { DamagedDatabaseError } from "./damage.ts";
import { DatabaseOpenError, describeFailure, type Failure } from "./failure.ts";
import { readIdentity, rejectForeignLog, rejectLoneLog } from "./identity.ts";
import { readApplied, readMigrations } from "./migrator.ts";
import { openReader } from "./open.ts";
import { rejectUnfit } from "./place.ts";

/** What is to be looked at, and for how long. */
export interface ExamineOptions {
  readonly path: string;
  /** The migrations that the database must have been made with. */
  readonly migrationsFolder: string;
  /** Compare every index with its table, too. */
  readonly full: boolean;
  /** After how many ms to give up the search for damage; undefined: never. A terabyte takes hours. */
  readonly limitMs: number | undefined;
  readonly clock: Clock;
}

/** What is known of a database that nothing was found wrong with. */
export interface Examined {
  /** The newest applied migration. */
  readonly migration: number;
  /** False when the search for damage was given up; nothing was found until then. */
  readonly isFinished: boolean;
}

/**
 * Look at a database without changing anything, whether or not a service holds it. Undefined when it is
 * not there.
 *
 * @throws {DatabaseOpenError} for what is damaged, foreign or newer than this program; the message says
 *   what to do.
 */
export async function examineDatabase(options: ExamineOptions): Promise<Examined | undefined> {
  const { path, migrationsFolder } = options;
  try {
    rejectUnfit(path);
    rejectLoneLog(path);
    if (!existsSync(path)) return undefined;
    const migration = readSchema(path, migrationsFolder);
    return { migration, isFinished: await search(options) };
  } catch (error) {
    throw new DatabaseOpenError(path, failureOf(error));
  }
}

function readSchema(path: string, migrationsFolder: string): number {
  const identity = readIdentity(path);
  const reader = openReader(path);
  try {
    rejectForeignLog(path, identity, reader);
    return readApplied(reader, readMigrations(migrationsFolder)).length;
  } finally {
    reader.close();
  }
}

/** Whether the search for damage came to its end; it runs in a process, so that it can be ended in time. */
async function search({ path, full, limitMs, clock }: ExamineOptions): Promise<boolean> {
  const job = startBackgroundJob({ kind: "check", path, full });
  let isGivenUp = false;
  const stopClock =
    limitMs === undefined
      ? () => {}
      : clock.after(limitMs, () => {
          isGivenUp = true;
          void job.cancel();
        });
  try {
    const findings = await job.result;
    if (findings.length > 0) throw new DamagedDatabaseError(findings);
    return true;
  } catch (error) {
    if (isGivenUp) return false;
    throw error;
  } finally {
    stopClock();
  }
}

function failureOf(error: unknown): Failure {
  return error instanceof BackgroundJobError ? error.failure : describeFailure(error);
}

import type { Clock } from "../lib/clock.ts";
import { DAY_MS } from "../lib/time.ts";
import type { Operations } from "../sqlite/threads/operations.ts";
import { RETENTION_TABLES, type RetentionTable } from "../store/plan/retention-tables.ts";

type StorageOperation =
  | "flushRollups"
  | "listPolicies"
  | "deleteExpired"
  | "deleteRollupKeys"
  | "giveBackSpace";

/** The operations that a cleanup consists of: of the writer thread, or on a database that is open here. */
export type CleanupStorage = {
  readonly [Name in StorageOperation]: (
    ...input: Parameters<Operations[Name]>
  ) => Promise<Awaited<ReturnType<Operations[Name]>>>;
};

export interface CleanupDeps {
  readonly storage: CleanupStorage;
  readonly clock: Clock;
  /** Whether metrics wait for the disk: a cleanup then takes a quarter of the writer's time, not half. */
  readonly isBusy: () => boolean;
  /** Ends a cleanup after the step that is under way. */
  readonly signal: AbortSignal;
  readonly onDeleted: (rows: number) => void;
}

/** What became of one table. */
export interface CleanedTable {
  readonly table: string;
  readonly deleted: number;
  readonly seconds: number;
  /** Why it was not finished. What was deleted stays deleted, and the next cleanup goes on from there. */
  readonly error: Error | undefined;
}

/** Rows a step: some milliseconds of the writer's time, which is what a commit may have to wait. */
const ROWS_PER_STEP = 500;
const BUSY_PAUSES = 3;

/** The cleanup was told to stop. */
export class CleanupStoppedError extends Error {
  override readonly name = "CleanupStoppedError";
  constructor() {
    super("the service is shutting down");
  }
}

/**
 * Delete what the policies of `tables` have given up, judged by `nowMs`, and give the space back.
 *
 * In steps of one short transaction each, with pauses in which commits get their turn. Nothing is remembered
 * between two cleanups: killed at any instant, the next one finds what is left to be deleted.
 */
export async function cleanUp(
  deps: CleanupDeps,
  tables: readonly RetentionTable[],
  nowMs: number,
): Promise<readonly CleanedTable[]> {
  const results: CleanedTable[] = [];
  // Measurements are walked through once for all of their tables.
  const measurements = tables.filter(({ kind }) => kind === "measurements");
  const others = tables.filter(({ kind }) => kind !== "measurements").map((table) => [table]);
  for (const together of [measurements, ...others]) {
    if (together.length > 0) results.push(...(await cleanTables(deps, together, nowMs)));
  }
  if (results.some(({ deleted }) => deleted > 0)) await tidyUp(deps, nowMs);
  return results;
}

async function cleanTables(
  deps: CleanupDeps,
  tables: readonly RetentionTable[],
  nowMs: number,
): Promise<readonly CleanedTable[]> {
  const { storage, clock } = deps;
  const deleted = new Map<string, number>();
  const names = tables.map(({ name }) => name);
  const startedMs = clock.monotonicMs();
  let error: Error | undefined;
  try {
    // What is not in every rollup is not deleted, so that deleting never changes one.
    if (tables[0]?.kind === "measurements") await rollUp(deps);
    await inSteps(deps, undefined, async (cursor: unknown) => {
      const step = await storage.deleteExpired({ tables: names, nowMs, cursor, rowsMax: ROWS_PER_STEP });
      for (const [name, rows] of Object.entries(step.deleted)) {
        deleted.set(name, (deleted.get(name) ?? 0) + rows);
        deps.onDeleted(rows);
      }
      return step.cursor;
    });
  } catch (cause) {
    error = cause as Error;
  }
  const seconds = (clock.monotonicMs() - startedMs) / 1000;
  return names.map((table) => ({ table, deleted: deleted.get(table) ?? 0, seconds, error }));
}

async function rollUp(deps: CleanupDeps): Promise<void> {
  const { storage, clock } = deps;
  const first = await storage.flushRollups(clock.wallMs());
  if (first === undefined) return;
  await inSteps(deps, first, (target: number) => storage.flushRollups(clock.wallMs(), target));
}

/** Breakdowns that no row has any more, and free pages. Failing, it is for the next cleanup to do. */
async function tidyUp(deps: CleanupDeps, nowMs: number): Promise<void> {
  const { storage } = deps;
  try {
    const rollups = RETENTION_TABLES.filter(({ kind }) => kind === "rollups").map(({ name }) => name);
    const policies = (await storage.listPolicies()).filter(({ tableName }) => rollups.includes(tableName));
    if (policies.every(({ isActive }) => isActive)) {
      const longest = Math.max(...policies.map(({ retentionDays }) => retentionDays));
      const beforeDay = Math.floor(nowMs / DAY_MS) - longest;
      const remove = () => storage.deleteRollupKeys(beforeDay, ROWS_PER_STEP);
      await inSteps(deps, 0, async () => ((await remove()) === ROWS_PER_STEP ? 0 : undefined));
    }
    await inSteps(deps, 0, async () => ((await storage.giveBackSpace()) ? 0 : undefined));
  } catch (error) {
    if (!(error instanceof CleanupStoppedError)) throw error;
  }
}

/** Take steps until one returns undefined; each gets what the one before returned. @throws {CleanupStoppedError} */
async function inSteps<Cursor>(
  { clock, isBusy, signal }: CleanupDeps,
  first: Cursor,
  step: (cursor: Cursor) => Promise<Cursor | undefined>,
): Promise<void> {
  let cursor: Cursor | undefined = first;
  for (;;) {
    if (signal.aborted) throw new CleanupStoppedError();
    const startedMs = clock.monotonicMs();
    cursor = await step(cursor as Cursor);
    if (cursor === undefined) return;
    const tookMs = clock.monotonicMs() - startedMs;
    await pause(clock, isBusy() ? BUSY_PAUSES * tookMs : tookMs, signal);
  }
}

/** Ends early when the signal comes. */
function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    signal.addEventListener("abort", end, { once: true });
  });
}

import type { Clock } from "../lib/clock.ts";
import { DAY_MS } from "../lib/time.ts";
import type { MetricStore } from "../store/metrics.ts";
import type { Pace } from "../store/plan/steps.ts";
import { RETENTION_TABLES, type RetentionStore, type RetentionTable } from "../store/retention.ts";
import type { Upkeep } from "../store/upkeep.ts";

/** What a cleanup needs of the store. */
export interface CleanupStore {
  readonly metrics: Pick<MetricStore, "flushRollups" | "deleteUnusedRollupKeys">;
  readonly retention: Pick<RetentionStore, "listPolicies" | "deleteExpired">;
  readonly upkeep: Pick<Upkeep, "giveBackSpace">;
}

/** What a cleanup is given. */
export interface CleanupDeps {
  readonly store: CleanupStore;
  /** Paces the steps and times them; by which time rows expire, the caller says. */
  readonly clock: Clock;
  /** Whether metrics wait for the disk: a cleanup then takes a quarter of the writer's time, not half. */
  readonly isBusy: () => boolean;
  /** Ends a cleanup after the step that is under way. */
  readonly signal: AbortSignal;
  /** Called after each step with how many rows it deleted. */
  readonly onDeleted: (rows: number) => void;
}

/** What became of one table. */
export interface CleanedTable {
  readonly table: string;
  readonly deleted: number;
  /** Pauses included; tables that are walked through together have the same. */
  readonly seconds: number;
  /** Why it was not finished. What was deleted stays deleted, and the next cleanup goes on from there. */
  readonly error: Error | undefined;
}

/** How much longer than a step the pause after it is, while metrics wait for the disk. */
const BUSY_PAUSES = 3;

/** The service is shutting down: what is left is for the next cleanup. */
export class CleanupStoppedError extends Error {
  override readonly name = "CleanupStoppedError";
  constructor() {
    super("the service is shutting down");
  }
}

/**
 * Delete the rows of `tables` that have expired by `nowMs` under their policies, and give the space back.
 *
 * In steps of one short transaction each, with pauses in which commits get their turn. Nothing is remembered
 * between two cleanups: killed at any instant, the next one finds what is left to be deleted. One table's
 * failure is in its result and does not keep the others from being cleaned.
 */
export async function cleanUp(
  deps: CleanupDeps,
  tables: readonly RetentionTable[],
  nowMs: number,
): Promise<readonly CleanedTable[]> {
  const results: CleanedTable[] = [];
  // Metrics are walked through once for all of their tables.
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
  const { clock, store } = deps;
  const deleted = new Map<string, number>();
  const names = tables.map(({ name }) => name);
  const startedMs = clock.monotonicMs();
  let error: Error | undefined;
  try {
    // What is not in every rollup is not deleted, so that deleting never changes one.
    if (tables[0]?.kind === "measurements")
      await store.metrics.flushRollups(clock.wallMs(), createPace(deps));
    await store.retention.deleteExpired({ tables: names, nowMs }, createPace(deps), (counts) => {
      for (const [name, rows] of Object.entries(counts)) {
        deleted.set(name, (deleted.get(name) ?? 0) + rows);
        deps.onDeleted(rows);
      }
    });
  } catch (cause) {
    error = cause as Error;
  }
  const seconds = (clock.monotonicMs() - startedMs) / 1000;
  return names.map((table) => ({ table, deleted: deleted.get(table) ?? 0, seconds, error }));
}

/**
 * Delete rollup keys that no row has any more, and give free space back. A policy that is off keeps rows, and
 * so their keys, for ever. A shutdown leaves it to the next cleanup.
 */
async function tidyUp(deps: CleanupDeps, nowMs: number): Promise<void> {
  const { metrics, retention, upkeep } = deps.store;
  try {
    const rollups = RETENTION_TABLES.filter(({ kind }) => kind === "rollups").map(({ name }) => name);
    const policies = (await retention.listPolicies()).filter(({ tableName }) => rollups.includes(tableName));
    if (policies.every(({ isActive }) => isActive)) {
      const longest = Math.max(...policies.map(({ retentionDays }) => retentionDays));
      await metrics.deleteUnusedRollupKeys(Math.floor(nowMs / DAY_MS) - longest, createPace(deps));
    }
    await upkeep.giveBackSpace(createPace(deps));
  } catch (error) {
    if (!(error instanceof CleanupStoppedError)) throw error;
  }
}

/**
 * Pauses after each step for as long as it took, or some times as long while others wait.
 *
 * @throws {CleanupStoppedError} at once, and from each pause after the signal: no step begins then.
 */
function createPace({ clock, isBusy, signal }: CleanupDeps): Pace {
  if (signal.aborted) throw new CleanupStoppedError();
  let beganMs = clock.monotonicMs();
  return async () => {
    const tookMs = clock.monotonicMs() - beganMs;
    await pause(clock, isBusy() ? BUSY_PAUSES * tookMs : tookMs, signal);
    if (signal.aborted) throw new CleanupStoppedError();
    beganMs = clock.monotonicMs();
  };
}

/** Resolves after `ms`, or at once when the signal comes. */
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

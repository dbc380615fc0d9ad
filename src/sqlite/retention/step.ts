/** What travels between who drives a cleanup and the thread that carries it out. */
import type { Row } from "../file/database.ts";

/** A step of a cleanup: what to look at, and how far. */
export interface CleanupStep {
  /** Names of `RETENTION_TABLES`: several over measurements, which are walked through once, or one other. */
  readonly tables: readonly string[];
  /** By which rows are judged, ms since 1970 UTC. */
  readonly nowMs: number;
  /** What the step before returned; undefined for the first. */
  readonly cursor: unknown;
  /** Rows that are looked at, and at most deleted. */
  readonly rowsMax: number;
}

export interface CleanupStepResult {
  /** Rows deleted by table; those of none are left out. */
  readonly deleted: Readonly<Record<string, number>>;
  /** For the next step; undefined when this was the last. */
  readonly cursor: unknown;
}

/** The rows that a policy governs, and among them those before its cutoff. Times are ms since 1970 UTC. */
export interface Survey {
  readonly total: number;
  readonly doomed: number;
  readonly oldestMs: number | undefined;
  readonly newestMs: number | undefined;
  readonly oldestDoomedMs: number | undefined;
  readonly newestDoomedMs: number | undefined;
}

/** What a statement counted: its columns total, doomed, oldest, newest and newest_doomed; `at` reads their times. */
export function readSurvey(row: Row | undefined, at: (time: string | number) => number): Survey {
  const time = (column: string) => {
    const found = row?.[column] ?? undefined;
    return found === undefined ? undefined : at(found);
  };
  const doomed = Number(row?.doomed);
  return {
    total: Number(row?.total),
    doomed,
    oldestMs: time("oldest"),
    newestMs: time("newest"),
    oldestDoomedMs: doomed > 0 ? time("oldest") : undefined,
    newestDoomedMs: time("newest_doomed"),
  };
}

export function emptySurvey(): Survey {
  return {
    total: 0,
    doomed: 0,
    oldestMs: undefined,
    newestMs: undefined,
    oldestDoomedMs: undefined,
    newestDoomedMs: undefined,
  };
}

export function mergeSurvey(one: Survey, other: Survey): Survey {
  return {
    total: one.total + other.total,
    doomed: one.doomed + other.doomed,
    oldestMs: least(one.oldestMs, other.oldestMs),
    newestMs: greatest(one.newestMs, other.newestMs),
    oldestDoomedMs: least(one.oldestDoomedMs, other.oldestDoomedMs),
    newestDoomedMs: greatest(one.newestDoomedMs, other.newestDoomedMs),
  };
}

function least(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.min(one, other);
}

function greatest(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.max(one, other);
}

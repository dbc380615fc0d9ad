/** What travels between the main thread, which paces a cleanup, and the thread that carries out its steps. */

import type { Step } from "../../store/plan/steps.ts";
import type { DeletedRows, Expiry, Survey } from "../../store/retention.ts";
import type { Row } from "../file/database.ts";

/** A step of a cleanup: which tables, by which time, from where, and how far. */
export interface CleanupStep extends Expiry {
  /**
   * Where the step before ended; undefined for the first. Only the kind of table that wrote it can read it.
   */
  readonly cursor: unknown;
  /** Rows that are looked at, and at most deleted: it bounds how long the writer is held up. */
  readonly rowsMax: number;
}

/** How many rows of which table a step deleted, and where the next one begins. */
export type CleanupResult = Step<DeletedRows, unknown>;

/**
 * What a statement counted: its columns total, expired, oldest, newest and newest_expired; `at` reads their
 * times.
 */
export function readSurvey(row: Row | undefined, at: (time: string | number) => number): Survey {
  const time = (column: string) => {
    const found = row?.[column] ?? undefined;
    return found === undefined ? undefined : at(found);
  };
  const expired = Number(row?.expired);
  return {
    total: Number(row?.total),
    expired,
    oldestMs: time("oldest"),
    newestMs: time("newest"),
    oldestExpiredMs: expired > 0 ? time("oldest") : undefined,
    newestExpiredMs: time("newest_expired"),
  };
}

import { DAY_MS, HOUR_MS } from "../lib/time.ts";
import type { AuditTrace } from "./audit.ts";
import type { Pace } from "./plan/steps.ts";

/**
 * What one retention policy governs, by the name of the table or view that SQL users see.
 *
 * `measurements`: metrics of some types, by the time they happened. `rollups`: hours or days, by their end.
 * `dated`: rows with a time of their own.
 */
export type RetentionTable =
  | {
      readonly kind: "measurements";
      readonly name: string;
      /** Undefined: every type that no other entry names. */
      readonly metricType: string | undefined;
    }
  | {
      readonly kind: "rollups";
      readonly name: string;
      /** How long a row's bucket lasts; breakdowns by other dimensions go with the totals. */
      readonly bucketMs: number;
    }
  | { readonly kind: "dated"; readonly name: string };

export type MeasurementTable = Extract<RetentionTable, { kind: "measurements" }>;
export type RetainedRollups = Extract<RetentionTable, { kind: "rollups" }>;

/**
 * Every row that is stored has exactly one policy. A metric stands in the view `metrics` and perhaps in one of
 * its own type; the type's own policy governs it, and that of `metrics` the types without a view of their own.
 * A new table is an entry here, a row in `retention_policies`, and its columns in the engine.
 */
export const RETENTION_TABLES: readonly RetentionTable[] = [
  { kind: "measurements", name: "metrics", metricType: undefined },
  { kind: "measurements", name: "auth_metrics", metricType: "auth_request" },
  { kind: "measurements", name: "discovery_metrics", metricType: "tool_discovery" },
  { kind: "measurements", name: "tool_metrics", metricType: "tool_execution" },
  { kind: "rollups", name: "metrics_hourly", bucketMs: HOUR_MS },
  { kind: "rollups", name: "metrics_daily", bucketMs: DAY_MS },
  { kind: "dated", name: "api_key_usage_log" },
  { kind: "dated", name: "server_metrics" },
  { kind: "dated", name: "server_metrics_daily" },
  { kind: "dated", name: "server_events" },
  { kind: "dated", name: "server_usage" },
];

/** The tables over metrics; `METRICS_RETENTION_DAYS` is the default of their policies. */
export const MEASUREMENT_TABLES = RETENTION_TABLES.filter((table) => table.kind === "measurements");

/** The entry of a name that this file itself has handed out. */
export function retentionTable(name: string): RetentionTable {
  const found = RETENTION_TABLES.find((table) => table.name === name);
  if (found === undefined) throw new Error(`${name} has no retention policy`);
  return found;
}

/** The entry whose policy governs the metrics of a type. */
export function tableOfType(metricType: string): MeasurementTable {
  const own = MEASUREMENT_TABLES.find((table) => table.metricType === metricType);
  const rest = own ?? MEASUREMENT_TABLES.find((table) => table.metricType === undefined);
  if (rest === undefined) throw new Error(`no policy governs ${metricType}`);
  return rest;
}

/** How long the rows of one table are kept. */
export interface RetentionPolicy {
  readonly tableName: string;
  readonly retentionDays: number;
  /** While false, its rows stay. */
  readonly isActive: boolean;
  /** The column whose time counts, for people. */
  readonly timestampColumn: string;
}

/** What of a policy is to be changed; undefined stays as it is. */
export interface PolicyChange {
  readonly tableName: string;
  readonly retentionDays: number | undefined;
  readonly isActive: boolean | undefined;
}

/** Before which time the rows of a table have expired; undefined while its policy is inactive. */
export function cutoffOf({ isActive, retentionDays }: RetentionPolicy, nowMs: number): number | undefined {
  return isActive ? nowMs - retentionDays * DAY_MS : undefined;
}

/** What to count of one table. */
export interface SurveyQuery {
  /** A name of `RETENTION_TABLES`. */
  readonly table: string;
  /** Rows before it are counted as expired; undefined: none. */
  readonly cutoffMs: number | undefined;
  /** Count the rows that SQL shows of a rollup, not those of its breakdowns too. */
  readonly totalsOnly: boolean;
}

/** The rows that a policy governs, and among them those before the cutoff. Times are undefined without rows. */
export interface Survey {
  readonly total: number;
  readonly expired: number;
  readonly oldestMs: number | undefined;
  readonly newestMs: number | undefined;
  readonly oldestExpiredMs: number | undefined;
  readonly newestExpiredMs: number | undefined;
}

/** A survey of no rows. */
export function emptySurvey(): Survey {
  return {
    total: 0,
    expired: 0,
    oldestMs: undefined,
    newestMs: undefined,
    oldestExpiredMs: undefined,
    newestExpiredMs: undefined,
  };
}

/** The survey of two disjoint sets of rows together. */
export function mergeSurvey(one: Survey, other: Survey): Survey {
  return {
    total: one.total + other.total,
    expired: one.expired + other.expired,
    oldestMs: least(one.oldestMs, other.oldestMs),
    newestMs: greatest(one.newestMs, other.newestMs),
    oldestExpiredMs: least(one.oldestExpiredMs, other.oldestExpiredMs),
    newestExpiredMs: greatest(one.newestExpiredMs, other.newestExpiredMs),
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

/** What is to be deleted, by the caller's time. */
export interface Expiry {
  /** Names of `RETENTION_TABLES`: several over metrics, which are walked through once for all, or one other. */
  readonly tables: readonly string[];
  readonly nowMs: number;
}

/** Rows deleted, by table; tables of none are left out. */
export type DeletedRows = Readonly<Record<string, number>>;

/** What the service knows of the time by which retention deletes; see `maintenance/trusted-time.ts`. */
export interface TrustedTimeState {
  readonly trustedMs: number;
  /** The least that the wall clock has been ahead by since it is; undefined: it is not ahead. */
  readonly leadMs: number | undefined;
  /** How long the service has run while the wall clock was ahead. */
  readonly aheadMs: number;
}

/** Policies, and the deletion of what they have given up. */
export interface RetentionStore {
  /** Every policy, in the order of `RETENTION_TABLES`. */
  listPolicies(): Promise<readonly RetentionPolicy[]>;
  /**
   * Change a policy. From then on it is the administrator's, and `applyDefault` leaves it alone.
   *
   * @throws {ServiceError} `not_found` for a table without one.
   */
  setPolicy(change: PolicyChange, nowMs: number, trace: AuditTrace): Promise<RetentionPolicy>;
  /** Give the policies over metrics that nobody has changed this number of days. */
  applyDefault(days: number, nowMs: number): Promise<void>;
  /**
   * Delete rows that their policies have given up, oldest first; policies are read anew in each step. A metric
   * that is not in every rollup of its type yet stays, so that deleting never changes a rollup. Long work;
   * `onDeleted` is called after each step.
   */
  deleteExpired(expiry: Expiry, pace: Pace, onDeleted: (rows: DeletedRows) => void): Promise<void>;
  /** Count what a policy governs. Reads every row once, in steps between which others get their turn. */
  survey(query: SurveyQuery): Promise<Survey>;
  /**
   * What was saved last; of a database that has none yet, the arrival of its newest metric. Undefined: it is
   * empty and knows nothing.
   */
  readTrustedTime(): Promise<TrustedTimeState | undefined>;
  saveTrustedTime(state: TrustedTimeState): Promise<void>;
}

import { invalidField, ServiceError } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import type { CleanedTable } from "../../maintenance/cleanup.ts";
import { isClockAhead, type RetentionRuns } from "../../maintenance/retention-runs.ts";
import type { TrustedTime } from "../../maintenance/trusted-time.ts";
import {
  cutoffOf,
  MEASUREMENT_TABLES,
  type PolicyChange,
  RETENTION_TABLES,
  type RetentionPolicy,
  type RetentionStore,
  type RetentionTable,
  retentionTable,
} from "../../store/retention.ts";
import type { Actor, Audit } from "./audit.ts";

/** What a cleanup would delete of one table. Rows are those that the policy governs, as they are stored. */
export interface RetentionPreview {
  readonly table: string;
  readonly retentionDays: number;
  readonly recordsToDelete: number;
  readonly totalRecords: number;
  /** ms since 1970 UTC; undefined when none is to be deleted. */
  readonly oldestToDeleteMs: number | undefined;
  readonly newestToDeleteMs: number | undefined;
  /** What is older goes; ms since 1970 UTC. */
  readonly cutoffMs: number;
  /** 0 to 100, two places. */
  readonly percentageToDelete: number;
}

/** What became of one table. */
export interface RetentionResult {
  readonly table: string;
  readonly status: "completed" | "dry_run" | "skipped" | "error";
  /** Deleted, or in a dry run to be deleted. */
  readonly records: number;
  readonly durationSeconds: number;
  readonly retentionDays: number;
  /** `policy_inactive`, `no_records_to_delete`, `clock_ahead`, or what failed. */
  readonly reason: string | undefined;
}

export interface RetentionRun {
  readonly isDryRun: boolean;
  /** ms since 1970 UTC. */
  readonly startedMs: number;
  readonly completedMs: number;
  readonly durationSeconds: number;
  readonly totalRecordsProcessed: number;
  /** Those that were neither skipped nor failed. */
  readonly tablesProcessed: number;
  readonly results: readonly RetentionResult[];
}

export interface RetentionRunInput {
  /** Undefined: every table. */
  readonly table: string | undefined;
  readonly isDryRun: boolean;
  /** Vouch for the clock: what it says is the time from now on. */
  readonly force: boolean;
}

export interface RetentionDeps {
  readonly store: Pick<RetentionStore, "listPolicies" | "setPolicy" | "survey">;
  readonly runs: RetentionRuns;
  readonly time: TrustedTime;
  readonly clock: Clock;
  readonly audit: Audit;
}

/** A policy as it was stored, and what whoever changed it may believe to have changed too. */
export interface ChangedPolicy extends RetentionPolicy {
  /**
   * The policies of the other tables over metrics, where this is one of them: a metric goes by that of its type's
   * own table, which `metrics` shows it in as well.
   */
  readonly untouched: readonly RetentionPolicy[];
}

/** What AdminService, REST and the command line share. */
export interface RetentionAdministration {
  policies(): Promise<readonly RetentionPolicy[]>;
  /** @throws {ServiceError} `malformed_body` for an unknown table, `validation_failed`. */
  setPolicy(change: PolicyChange): Promise<ChangedPolicy>;
  /** Of every table or one. @throws {ServiceError} `malformed_body` for an unknown table. */
  preview(table: string | undefined): Promise<readonly RetentionPreview[]>;
  /** @throws {ServiceError} `malformed_body` for an unknown table. */
  run(input: RetentionRunInput): Promise<RetentionRun>;
}

const RETENTION_DAYS_MAX = 36_500;

export function createRetention(deps: RetentionDeps): (actor: Actor) => RetentionAdministration {
  const { store, runs, time, clock, audit } = deps;

  async function policiesOf(tables: readonly RetentionTable[]): Promise<readonly RetentionPolicy[]> {
    const names = tables.map(({ name }) => name);
    return (await store.listPolicies()).filter(({ tableName }) => names.includes(tableName));
  }

  async function preview(table: string | undefined): Promise<readonly RetentionPreview[]> {
    const nowMs = time.nowMs();
    const previews: RetentionPreview[] = [];
    for (const policy of await policiesOf(tablesOf(table))) {
      const cutoffMs = cutoffOf(policy, nowMs);
      const survey = await store.survey({ table: policy.tableName, cutoffMs, totalsOnly: false });
      const { total, expired } = survey;
      previews.push({
        table: policy.tableName,
        retentionDays: policy.retentionDays,
        recordsToDelete: expired,
        totalRecords: total,
        oldestToDeleteMs: survey.oldestExpiredMs,
        newestToDeleteMs: survey.newestExpiredMs,
        cutoffMs: cutoffOf({ ...policy, isActive: true }, nowMs) ?? nowMs,
        percentageToDelete: total === 0 ? 0 : Math.round((expired / total) * 10_000) / 100,
      });
    }
    return previews;
  }

  /** What is said of a table besides its rows, and of one that stays as it is. */
  function explain(isActive: boolean, records: number): string | undefined {
    if (!isActive) return "policy_inactive";
    if (isClockAhead(time)) return "clock_ahead";
    return records === 0 ? "no_records_to_delete" : undefined;
  }

  async function dryRun(table: string | undefined): Promise<readonly RetentionResult[]> {
    const results: RetentionResult[] = [];
    for (const { tableName, isActive, retentionDays } of await policiesOf(tablesOf(table))) {
      const startedMs = clock.monotonicMs();
      const [found] = isActive ? await preview(tableName) : [];
      results.push({
        table: tableName,
        status: isActive ? "dry_run" : "skipped",
        records: found?.recordsToDelete ?? 0,
        durationSeconds: (clock.monotonicMs() - startedMs) / 1000,
        retentionDays,
        reason: explain(isActive, found?.recordsToDelete ?? 0),
      });
    }
    return results;
  }

  async function cleanUp({ table, force }: RetentionRunInput): Promise<readonly RetentionResult[]> {
    if (force) await time.trustWall();
    const policies = await policiesOf(tablesOf(table));
    const active = policies.filter(({ isActive }) => isActive);
    const cleaned = await runs.run(active.map(({ tableName }) => retentionTable(tableName)));
    const byName = new Map(cleaned.map((result) => [result.table, result]));
    return policies.map(({ tableName, isActive, retentionDays }) => {
      const found = byName.get(tableName);
      return {
        table: tableName,
        status: statusOf(found),
        records: found?.deleted ?? 0,
        durationSeconds: found?.seconds ?? 0,
        retentionDays,
        reason: found?.error === undefined ? explain(isActive, found?.deleted ?? 0) : failureOf(found.error),
      };
    });
  }

  async function timed(input: RetentionRunInput): Promise<RetentionRun> {
    const startedMs = clock.wallMs();
    const started = clock.monotonicMs();
    const results = await (input.isDryRun ? dryRun(input.table) : cleanUp(input));
    return {
      isDryRun: input.isDryRun,
      startedMs,
      completedMs: clock.wallMs(),
      durationSeconds: (clock.monotonicMs() - started) / 1000,
      totalRecordsProcessed: results.reduce((sum, { records }) => sum + records, 0),
      tablesProcessed: results.filter(({ status }) => status !== "skipped" && status !== "error").length,
      results,
    };
  }

  return (actor) => ({
    policies: () => store.listPolicies(),
    setPolicy(change) {
      const { tableName, retentionDays = null, isActive = null } = change;
      const details = { retention_days: retentionDays, is_active: isActive };
      const act = { action: "retention.set_policy", target: tableName, details };
      return audit.transacted(actor, act, async (trace) => {
        checkChange(change);
        const policy = await store.setPolicy(change, clock.wallMs(), trace);
        return { ...policy, untouched: await policiesOf(othersOverMetrics(tableName)) };
      });
    },
    preview,
    async run(input) {
      if (input.isDryRun) return timed(input);
      const act = {
        action: "retention.run",
        target: input.table ?? "all tables",
        details: { force: input.force },
      };
      const describe = ({ results }: RetentionRun) => ({
        ...Object.fromEntries(results.map(({ table, records }) => [table, records])),
        failed: results.flatMap(({ status, table }) => (status === "error" ? [table] : [])),
      });
      return audit.spanning(actor, act, () => timed(input), describe);
    },
  });
}

/** The other tables over metrics; none where `name` is no such table. */
function othersOverMetrics(name: string): readonly RetentionTable[] {
  const others = MEASUREMENT_TABLES.filter((table) => table.name !== name);
  return others.length < MEASUREMENT_TABLES.length ? others : [];
}

function tablesOf(name: string | undefined): readonly RetentionTable[] {
  if (name === undefined) return RETENTION_TABLES;
  const found = RETENTION_TABLES.filter((table) => table.name === name);
  if (found.length === 0) {
    throw new ServiceError("malformed_body", `No retention policy found for table: ${name.slice(0, 100)}`);
  }
  return found;
}

function checkChange({ tableName, retentionDays, isActive }: PolicyChange): void {
  tablesOf(tableName);
  const isMissing = retentionDays === undefined && isActive === undefined;
  const days = retentionDays ?? 1;
  if (!isMissing && Number.isInteger(days) && days >= 1 && days <= RETENTION_DAYS_MAX) return;
  const message = isMissing
    ? "retention_days or is_active is required"
    : `retention_days must be a whole number from 1 to ${RETENTION_DAYS_MAX}`;
  const reason = isMissing ? "required" : "out_of_range";
  throw invalidField("retention_days", reason, message);
}

function statusOf(cleaned: CleanedTable | undefined): RetentionResult["status"] {
  if (cleaned === undefined) return "skipped";
  return cleaned.error === undefined ? "completed" : "error";
}

/** What of a failure callers may see: the message of an expected one; any other stands in the log alone. */
function failureOf(error: Error): string {
  return error instanceof ServiceError || error.name === "CleanupStoppedError"
    ? error.message
    : "internal error";
}

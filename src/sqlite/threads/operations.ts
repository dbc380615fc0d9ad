import { statSync } from "node:fs";
import type { Batch } from "../../store/batch.ts";
import type { DirectoryEntry } from "../../store/directory/entry.ts";
import type { SeriesQuestion } from "../../store/metrics.ts";
import { DirectoryStore } from "../directory/directory-store.ts";
import { type RecomputeStep, recomputeDay } from "../directory/recompute-day.ts";
import {
  listMetricNames,
  listServers,
  registerServer,
  rotateServerKey,
  type ServerPage,
  setServerSecret,
  updateServer,
} from "../directory/servers.ts";
import type { Database } from "../file/database.ts";
import { countUngoverned, databaseSize } from "../file/database-stats.ts";
import { DatabaseMovedError } from "../file/failure.ts";
import { realDatabasePath } from "../file/real-path.ts";
import {
  type AuditDetails,
  type AuditTrace,
  audited,
  finishAudit,
  listAudit,
  recordAudit,
} from "../keys/audit-store.ts";
import { createKey, listKeys, revokeKey, rotateKey, syncEnvironmentKeys } from "../keys/key-store.ts";
import { listDailyUsage, recordUsage, type UsageRecord } from "../keys/usage-store.ts";
import { deleteEndedSeries, findSeries } from "../metrics/cumulative-series.ts";
import { deleteExpiredAnswers } from "../metrics/idempotency-store.ts";
import { MetricStore } from "../metrics/metric-store.ts";
import { deleteExpired, type SurveyStep, surveyTable } from "../retention/operations.ts";
import { applyDefaultRetention, listPolicies, type PolicyChange, setPolicy } from "../retention/policies.ts";
import { giveBackSpace } from "../retention/space.ts";
import type { CleanupStep } from "../retention/step.ts";
import { readTrustedTime, saveTrustedTime, type TrustedTimeState } from "../retention/trusted-time.ts";
import { Rollups } from "../rollups/rollups.ts";

/** What can be asked of the writer thread, by name. Every function runs to its end before the next begins. */
export type Operations = ReturnType<typeof createOperations>;

export function createOperations(database: Database, path: string) {
  const rollups = new Rollups(database);
  const metrics = new MetricStore(database, rollups);
  const directory = new DirectoryStore(database);
  probe(database);
  // SQLite keeps its log beside the real file, not beside a link to it.
  const files = [path, `${realDatabasePath(path)}-wal`];
  const identity = identify(files);

  /** Run a write, and let nothing be acknowledged that went into a file nobody will find again. */
  function written<Result>(result: Result): Result {
    if (identify(files) !== identity) throw new DatabaseMovedError(path);
    return result;
  }

  return {
    commitMetrics: (batch: Batch, nowMs: number) => written(metrics.commit(batch, nowMs)),
    /** A step of `Rollups.flushStep`; repeat with what it returns until that is undefined. */
    flushRollups: (nowMs: number, target?: number) => written(rollups.flushStep(nowMs, target)),
    deleteRollupKeys: (beforeDay: number, rowsMax: number) =>
      written(rollups.deleteKeysBefore(beforeDay, rowsMax)),
    /** Begin the write-ahead log anew. While somebody reads it does nothing. */
    truncateLog: () => void database.all("PRAGMA wal_checkpoint(TRUNCATE)"),
    /** A real write, down to the disk: whether storage can accept. */
    probe: () => written(probe(database)),
    deleteExpiredAnswers: (nowMs: number, rowsMax: number) => deleteExpiredAnswers(database, nowMs, rowsMax),
    findSeries: (question: SeriesQuestion, nowMs: number) => findSeries(database, question, nowMs),
    deleteEndedSeries: (nowMs: number, rowsMax: number) => deleteEndedSeries(database, nowMs, rowsMax),
    listKeys: () => listKeys(database),
    createKey: (trace: AuditTrace, ...input: Tail<typeof createKey>) =>
      written(
        audited(
          database,
          trace,
          () => createKey(database, ...input),
          ({ id }) => ({ id }),
        ),
      ),
    revokeKey: (trace: AuditTrace, id: number) =>
      written(audited(database, trace, () => revokeKey(database, id))),
    rotateKey: (trace: AuditTrace, ...input: Tail<typeof rotateKey>) =>
      written(
        audited(
          database,
          trace,
          () => rotateKey(database, ...input),
          ({ replacement }) => ({ new_id: replacement.id }),
        ),
      ),
    syncEnvironmentKeys: (...input: Tail<typeof syncEnvironmentKeys>) =>
      written(syncEnvironmentKeys(database, ...input)),
    commitDirectory: (batch: readonly DirectoryEntry[], nowMs: number) =>
      written(directory.commit(batch, nowMs)),
    listServers: (page?: ServerPage) => listServers(database, page),
    listMetricNames: (server: number) => listMetricNames(database, server),
    registerServer: (trace: AuditTrace, ...input: Tail<typeof registerServer>) =>
      written(
        audited(
          database,
          trace,
          () => registerServer(database, ...input),
          ({ key }) => ({ key_id: key.id }),
        ),
      ),
    updateServer: (trace: AuditTrace, ...input: Tail<typeof updateServer>) =>
      written(audited(database, trace, () => updateServer(database, ...input))),
    setServerSecret: (trace: AuditTrace, ...input: Tail<typeof setServerSecret>) =>
      written(audited(database, trace, () => setServerSecret(database, ...input))),
    rotateServerKey: (trace: AuditTrace, ...input: Tail<typeof rotateServerKey>) =>
      written(
        audited(
          database,
          trace,
          () => rotateServerKey(database, ...input),
          ({ replacement }) => ({ key_id: replacement.id }),
        ),
      ),
    /** A step of computing a day anew; repeat with the cursor it returns. */
    recomputeDay: (step: RecomputeStep, nowMs: number) => written(recomputeDay(database, step, nowMs)),
    recordUsage: (record: UsageRecord, nowMs: number) => written(recordUsage(database, record, nowMs)),
    listDailyUsage: () => listDailyUsage(database),
    recordAudit: (trace: AuditTrace, outcome: string) => written(recordAudit(database, trace, outcome)),
    finishAudit: (id: number, outcome: string, details: AuditDetails) =>
      written(finishAudit(database, id, outcome, details)),
    listAudit: (beforeId: number | undefined, rowsMax: number) => listAudit(database, beforeId, rowsMax),
    listPolicies: () => listPolicies(database),
    setPolicy: (trace: AuditTrace, change: PolicyChange, nowMs: number) =>
      written(audited(database, trace, () => setPolicy(database, change, nowMs))),
    applyDefaultRetention: (days: number, nowMs: number) =>
      written(applyDefaultRetention(database, days, nowMs)),
    /** A step of a cleanup; repeat with the cursor it returns. */
    deleteExpired: (step: CleanupStep) => written(deleteExpired(database, step)),
    /** A step of counting; repeat with the cursor it returns. */
    surveyTable: (step: SurveyStep) => surveyTable(database, step),
    giveBackSpace: () => written(giveBackSpace(database)),
    readTrustedTime: () => readTrustedTime(database),
    saveTrustedTime: (state: TrustedTimeState) => written(saveTrustedTime(database, state)),
    countUngoverned: () => countUngoverned(database),
    databaseSize: () => databaseSize(database, path),
    /** The newest request number stored, 0 in an empty database. */
    lastRequestNumber: () =>
      Number(database.first("SELECT request FROM measurements ORDER BY id DESC LIMIT 1")?.request ?? 0),
  };
}

type Tail<Fn> = Fn extends (first: Database, ...rest: infer Rest) => unknown ? Rest : never;

/** Nothing reads user_version; changing it writes a page through log and fsync as any commit does. */
function probe(database: Database): void {
  const next = (Number(database.first("PRAGMA user_version")?.user_version) + 1) % 1_000_000;
  database.transaction(() => database.script(`PRAGMA user_version = ${next}`));
}

/** Which files the paths lead to: commits into a removed database or log succeed and are lost. */
function identify(paths: readonly string[]): string {
  return paths
    .map((file) => {
      const found = statSync(file, { throwIfNoEntry: false });
      return found === undefined ? "none" : `${found.dev}:${found.ino}`;
    })
    .join(" ");
}

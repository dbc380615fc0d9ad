import type { AuditTrace } from "../../store/audit.ts";
import type { Step } from "../../store/plan/steps.ts";
import {
  type PolicyChange,
  retentionTable,
  type Survey,
  type SurveyQuery,
  type TrustedTimeState,
} from "../../store/retention.ts";
import type { Database } from "../file/database.ts";
import { audited } from "../keys/audit-store.ts";
import type { OperationContext, ReadContext } from "../threads/operation.ts";
import { deleteDated, surveyDated } from "./dated-rows.ts";
import { deleteMeasurements, surveyMeasurements } from "./measurement-rows.ts";
import { applyDefaultRetention, listPolicies, setPolicy } from "./policies.ts";
import { deleteRollups, surveyRollups } from "./rollup-rows.ts";
import type { CleanupResult, CleanupStep } from "./step.ts";
import { readTrustedTime, saveTrustedTime } from "./trusted-time.ts";

/** What of `RetentionStore` the writer thread carries out; long work in steps. */
export function retentionOperations({ database, read, write }: OperationContext) {
  const policies = "retention_policies";
  return {
    listPolicies: read("select", policies, () => listPolicies(database)),
    setPolicy: write("update", policies, (change: PolicyChange, nowMs: number, trace: AuditTrace) =>
      audited(database, trace, () => setPolicy(database, change, nowMs)),
    ),
    applyDefault: write("update", policies, (days: number, nowMs: number) =>
      applyDefaultRetention(database, days, nowMs),
    ),
    deleteExpiredStep: write("delete", "expired", (step: CleanupStep) => deleteExpired(database, step)),
    readTrustedTime: read("select", "trusted_time", () => readTrustedTime(database)),
    saveTrustedTime: write("update", "trusted_time", (state: TrustedTimeState) =>
      saveTrustedTime(database, state),
    ),
  };
}

/**
 * What of `RetentionStore` the reader thread carries out, in steps, so that queries get their turn between
 * two.
 */
export function retentionReads({ database, query }: ReadContext) {
  return {
    surveyStep: query("all", (asked: SurveyStep) => surveyTable(database, asked)),
  };
}

/** A step of counting what a policy governs. */
export interface SurveyStep extends SurveyQuery {
  /** Where the step before ended; undefined for the first. */
  readonly cursor: number | undefined;
}

/** One step of a cleanup, in one transaction: the tables of measurements together, any other by itself. */
export function deleteExpired(database: Database, step: CleanupStep): CleanupResult {
  return database.transaction(() => {
    const [first, ...others] = step.tables.map(retentionTable);
    if (first === undefined) return { done: {}, next: undefined };
    if (first.kind === "measurements") return deleteMeasurements(database, step);
    if (others.length > 0) throw new Error(`${first.name} is not walked through together with others`);
    return first.kind === "rollups"
      ? deleteRollups(database, first, step)
      : deleteDated(database, first.name, step);
  });
}

/** One step of counting what a policy governs; what the steps count is merged. */
export function surveyTable(database: Database, step: SurveyStep): Step<Survey, number> {
  const table = retentionTable(step.table);
  switch (table.kind) {
    case "measurements":
      return surveyMeasurements(database, table, step.cutoffMs, step.cursor);
    case "rollups":
      return surveyRollups(database, table, step, step.cursor);
    case "dated":
      return { done: surveyDated(database, table.name, step.cutoffMs), next: undefined };
  }
}

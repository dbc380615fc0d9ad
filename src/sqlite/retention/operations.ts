import { retentionTable } from "../../store/plan/retention-tables.ts";
import type { Database } from "../file/database.ts";
import { deleteDated, surveyDated } from "./dated-rows.ts";
import { deleteMeasurements, surveyMeasurements } from "./measurement-rows.ts";
import { deleteRollups, surveyRollups } from "./rollup-rows.ts";
import { type CleanupStep, type CleanupStepResult, emptySurvey, type Survey } from "./step.ts";

/** What to count of one table, and how. */
export interface SurveyStep {
  readonly table: string;
  /** Rows before it are counted as doomed; undefined: none. */
  readonly cutoffMs: number | undefined;
  /** Count the rows that SQL shows of a rollup, not those of its breakdowns too. */
  readonly totalsOnly: boolean;
  readonly cursor: number | undefined;
}

export interface SurveyStepResult {
  readonly survey: Survey;
  readonly cursor: number | undefined;
}

/** One step of a cleanup, in one transaction. Repeat with the cursor it returns until there is none. */
export function deleteExpired(database: Database, step: CleanupStep): CleanupStepResult {
  return database.transaction(() => {
    const [first, ...others] = step.tables.map(retentionTable);
    if (first === undefined) return { deleted: {}, cursor: undefined };
    if (first.kind === "measurements") return deleteMeasurements(database, step);
    if (others.length > 0) throw new Error(`${first.name} is not walked through together with others`);
    return first.kind === "rollups"
      ? deleteRollups(database, first, step)
      : deleteDated(database, first, step);
  });
}

/** Count some of what a policy governs. Repeat with the cursor until there is none, and merge the surveys. */
export function surveyTable(database: Database, step: SurveyStep): SurveyStepResult {
  const table = retentionTable(step.table);
  switch (table.kind) {
    case "measurements":
      return surveyMeasurements(database, table, step.cutoffMs, step.cursor);
    case "rollups": {
      const { survey, cursor } = surveyRollups(database, table, step, step.cursor);
      return { survey: survey ?? emptySurvey(), cursor };
    }
    case "dated":
      return { survey: surveyDated(database, table, step.cutoffMs), cursor: undefined };
  }
}

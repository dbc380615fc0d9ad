import type { DatabaseSize, TableCount } from "../../sqlite/file/database-stats.ts";
import { emptySurvey, mergeSurvey } from "../../sqlite/retention/step.ts";
import { RETENTION_TABLES } from "../../store/plan/retention-tables.ts";
import { type RetentionStorage, surveyWhole } from "./retention.ts";

/** What a table holds, as SQL shows it, and how long it is kept. */
export interface TableStats {
  readonly table: string;
  readonly recordCount: number;
  /** ms since 1970 UTC; undefined when the table is empty. */
  readonly oldestMs: number | undefined;
  readonly newestMs: number | undefined;
  /** Undefined: no policy governs it. */
  readonly policy: { readonly retentionDays: number; readonly isActive: boolean } | undefined;
}

export interface DatabaseUse extends DatabaseSize {
  /** The file and its log. */
  readonly totalBytes: number;
  readonly usedPages: number;
  /** Used pages among all, 0 to 100, two places. */
  readonly efficiencyPercent: number;
}

export interface DatabaseReads extends Pick<RetentionStorage, "listPolicies" | "surveyTable"> {
  countUngoverned(): Promise<readonly TableCount[]>;
  databaseSize(): Promise<DatabaseSize>;
}

export type DatabaseAdministration = ReturnType<typeof createDatabaseAdministration>;

/** What an operator asks about the database. Reads every row once: 10 million take some ten seconds. */
export function createDatabaseAdministration(reads: DatabaseReads) {
  return {
    async stats(): Promise<readonly TableStats[]> {
      const policies = new Map((await reads.listPolicies()).map((policy) => [policy.tableName, policy]));
      const stats: TableStats[] = [];
      let measurements = emptySurvey();
      for (const { name, kind } of RETENTION_TABLES) {
        const survey = await surveyWhole(reads, { table: name, cutoffMs: undefined, totalsOnly: true });
        if (kind === "measurements") measurements = mergeSurvey(measurements, survey);
        const { total: recordCount, oldestMs, newestMs } = survey;
        stats.push({ table: name, recordCount, oldestMs, newestMs, policy: policies.get(name) });
      }
      for (const { table, total: recordCount, oldestMs, newestMs } of await reads.countUngoverned()) {
        stats.push({ table, recordCount, oldestMs, newestMs, policy: undefined });
      }
      // The view `metrics` shows the measurements of every type, also where another policy governs them.
      const { total: recordCount, oldestMs, newestMs } = measurements;
      return stats.map((each) =>
        each.table === "metrics" ? { ...each, recordCount, oldestMs, newestMs } : each,
      );
    },
    async size(): Promise<DatabaseUse> {
      const size = await reads.databaseSize();
      const usedPages = size.pageCount - size.freePages;
      const efficiency = size.pageCount === 0 ? 0 : (usedPages / size.pageCount) * 100;
      return {
        ...size,
        totalBytes: size.mainBytes + size.walBytes,
        usedPages,
        efficiencyPercent: Math.round(efficiency * 100) / 100,
      };
    },
  };
}

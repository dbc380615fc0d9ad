import { emptySurvey, mergeSurvey, RETENTION_TABLES } from "../../store/retention.ts";
import type { StoreOperations } from "../../store/store.ts";
import type { StoreSize } from "../../store/upkeep.ts";

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

/** How much of the disk the database takes. What its engine does not have is 0. */
export interface DatabaseUse extends Required<StoreSize> {
  /** The file and its log. */
  readonly totalBytes: number;
  readonly usedPages: number;
  /** Used pages among all, 0 to 100, two places. */
  readonly efficiencyPercent: number;
}

export type DatabaseAdministration = ReturnType<typeof createDatabaseAdministration>;

/** What an operator asks about the database. Reads every row once: 10 million take some ten seconds. */
export function createDatabaseAdministration({
  retention,
  upkeep,
}: Pick<StoreOperations, "retention" | "upkeep">) {
  return {
    async stats(): Promise<readonly TableStats[]> {
      const policies = new Map((await retention.listPolicies()).map((policy) => [policy.tableName, policy]));
      const stats: TableStats[] = [];
      let measurements = emptySurvey();
      for (const { name, kind } of RETENTION_TABLES) {
        const survey = await retention.survey({ table: name, cutoffMs: undefined, totalsOnly: true });
        if (kind === "measurements") measurements = mergeSurvey(measurements, survey);
        const { total: recordCount, oldestMs, newestMs } = survey;
        stats.push({ table: name, recordCount, oldestMs, newestMs, policy: policies.get(name) });
      }
      for (const { table, total: recordCount, oldestMs, newestMs } of await upkeep.countUngoverned()) {
        stats.push({ table, recordCount, oldestMs, newestMs, policy: undefined });
      }
      // The view `metrics` shows the measurements of every type, also where another policy governs them.
      const { total: recordCount, oldestMs, newestMs } = measurements;
      return stats.map((each) =>
        each.table === "metrics" ? { ...each, recordCount, oldestMs, newestMs } : each,
      );
    },
    async size(): Promise<DatabaseUse> {
      const { mainBytes, walBytes = 0, pageCount = 0, pageSize = 0, freePages = 0 } = await upkeep.size();
      const usedPages = pageCount - freePages;
      const efficiency = pageCount === 0 ? 0 : (usedPages / pageCount) * 100;
      return {
        mainBytes,
        walBytes,
        pageCount,
        pageSize,
        freePages,
        totalBytes: mainBytes + walBytes,
        usedPages,
        efficiencyPercent: Math.round(efficiency * 100) / 100,
      };
    },
  };
}

import type { Database } from "../../src/sqlite/file/database.ts";
import { MetricWriter } from "../../src/sqlite/metrics/metric-writer.ts";
import { Rollups } from "../../src/sqlite/rollups/rollups.ts";
import type { CommitResult } from "../../src/store/metrics.ts";
import { createSubmissions, type Request } from "../store/submissions.ts";
import { NOW_MS } from "../support/time.ts";
import { openMigrated } from "./databases.ts";

/** Validation, batches and the store as the service has them, without its threads. */
export function createSubmitter(database: Database) {
  const { builder, toSubmission } = createSubmissions();
  const rollups = new Rollups(database);
  const store = new MetricWriter(database, rollups);
  return {
    builder,
    store,
    rollups,
    toSubmission,
    /** Store these requests in one transaction. */
    submit(...requests: readonly Request[]): CommitResult {
      for (const request of requests) builder.add(toSubmission(request));
      return store.commit(builder.take(), NOW_MS);
    },
  };
}

/** Store one metric in a new database, and read it back from `view`. */
export function roundTrip(view: string, metric: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return within((database, submitter) => {
    submitter.submit({ metrics: [{ value: 1, ...metric }] });
    return database.first(`SELECT * FROM ${view}`) ?? {};
  });
}

/** Work on a new database. */
export function within<Result>(
  work: (database: Database, submitter: ReturnType<typeof createSubmitter>) => Result,
): Result {
  const database = openMigrated();
  try {
    return work(database, createSubmitter(database));
  } finally {
    database.close();
  }
}

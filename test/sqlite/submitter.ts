import { createDimensionSets } from "../../src/ingest/dimension-sets.ts";
import { createValidate } from "../../src/ingest/validate.ts";
import type { Database } from "../../src/sqlite/file/database.ts";
import { MetricWriter } from "../../src/sqlite/metrics/metric-writer.ts";
import { Rollups } from "../../src/sqlite/rollups/rollups.ts";
import { BatchBuilder } from "../../src/store/batch.ts";
import type { CommitResult } from "../../src/store/metrics.ts";
import type { Submission } from "../../src/store/submission.ts";
import { NOW_MS } from "../doors/door-case.ts";
import { openMigrated } from "./databases.ts";

/** The number of the first request in that second. */
export const FIRST_REQUEST = (NOW_MS / 1000) * 2 ** 19;

export interface Request {
  readonly metrics: readonly object[];
  readonly service?: string;
  readonly version?: string;
  readonly requestNumber?: number;
  readonly apiKeyId?: number;
  readonly idempotencyKey?: string;
}

/** Validation, batches and the store as the service has them, without its threads. */
export function createSubmitter(database: Database) {
  const builder = new BatchBuilder();
  const validate = createValidate({
    intern: createDimensionSets(),
    pseudonymise: (name) => name,
    wallMs: () => NOW_MS,
    metricsMax: 100_000,
  });
  const rollups = new Rollups(database);
  const store = new MetricWriter(database, rollups);
  let nextRequest = FIRST_REQUEST;
  return {
    builder,
    store,
    rollups,
    toSubmission(request: Request): Submission {
      const { idempotencyKey, service = "gateway", version } = request;
      const { measurements, ...envelope } = validate({
        service,
        version,
        instance_id: undefined,
        idempotency_key: undefined,
        metrics: request.metrics,
      });
      return {
        source: { ...envelope, apiKeyId: request.apiKeyId ?? 1 },
        requestNumber: request.requestNumber ?? nextRequest++,
        measurements,
        idempotency:
          idempotencyKey === undefined ? undefined : { key: idempotencyKey, fingerprint: "f", answer: "{}" },
      };
    },
    /** Store these requests in one transaction. */
    submit(...requests: readonly Request[]): CommitResult {
      for (const request of requests) builder.add(this.toSubmission(request));
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

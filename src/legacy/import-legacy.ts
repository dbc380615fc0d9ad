/**
 * Taking over what a predecessor of this service has stored.
 *
 * Its metrics go through the same validation and the same batches as submitted ones, so that nothing stands
 * in the database that could not have been sent. It runs while no service holds the database, on the caller's
 * thread and without pauses: nobody waits for the writer then.
 */
import type { Measurement } from "../catalogue/measurement.ts";
import { createDimensionSets } from "../ingest/dimension-sets.ts";
import { createValidate } from "../ingest/validate.ts";
import type { Pseudonymise } from "../lib/pseudonym.ts";
import type { Database } from "../sqlite/file/database.ts";
import {
  type LegacyImport,
  recordFinished,
  recordProgress,
  resumeImport,
} from "../sqlite/legacy/legacy-imports.ts";
import type { LegacyMetric, LegacySource } from "../sqlite/legacy/legacy-source.ts";
import { MetricWriter } from "../sqlite/metrics/metric-writer.ts";
import { applyDefaultRetention, listPolicies } from "../sqlite/retention/policies.ts";
import { keepTrustedTime } from "../sqlite/retention/trusted-time.ts";
import { Rollups } from "../sqlite/rollups/rollups.ts";
import { BatchBuilder } from "../store/batch.ts";
import { cutoffOf, tableOfType } from "../store/retention.ts";
import { type ImportCounts, importKeys, importPolicies } from "./import-settings.ts";
import { createReadMetric } from "./read-legacy-metric.ts";
import { createdMsOf } from "./read-values.ts";
import { createNumberRequest, type NumberRequest } from "./request-numbers.ts";

/** Rows a transaction: some 30 ms, and what an interruption makes to be read again. */
const CHUNK_ROWS = 2000;
/** Rows that are read again after an interruption, so that the rest of a request gets the number it has. */
const REMEMBERED_ROWS = 20_000;
/** No API key has this id: which one wrote a metric, the predecessor does not say. */
const UNKNOWN_KEY = 0;

/** What an import is given. */
export interface LegacyOptions {
  /** Held by nobody else, and migrated. */
  readonly database: Database;
  readonly source: LegacySource;
  /** Where the source is, for messages and the record of the import. */
  readonly path: string;
  /** ms since 1970 UTC. */
  readonly wallMs: () => number;
  /** Users' names become what submitted ones would become. */
  readonly pseudonymise: Pseudonymise;
  /** Requests a minute, for keys without a limit of their own. */
  readonly rateLimit: number;
  /** Days that raw metrics are kept whose policy nobody has set. */
  readonly rawDays: number;
  /** Called after each chunk: `done` rows of this run have been looked at, of `total`. */
  readonly onProgress: (done: number, total: number) => void;
}

/** What one run of an import did, and what all runs have done. */
export interface LegacyResult {
  readonly keys: ImportCounts;
  readonly policies: ImportCounts;
  /** Metrics of this run that are stored now. */
  readonly imported: number;
  /** Metrics of this run that could not be understood; `total` says why. */
  readonly skipped: number;
  /** Metrics of all runs together, with reasons. */
  readonly total: LegacyImport;
  /** Tables with rows that are not taken over → how many. */
  readonly leftBehind: Readonly<Record<string, number>>;
  /** Metrics of this run that are older than their policy allows: the next cleanup will delete them. */
  readonly expired: number;
}

/**
 * Take over a predecessor's keys, policies and raw metrics; rollups are computed from the metrics.
 * Interrupted at any moment, the next run goes on where it was; from a source that grew it takes only what is
 * new. Each chunk is one transaction, in which the position moves on with the rows.
 *
 * @throws {DivergedSourceError} when the source changed since an earlier run; nothing is imported then.
 */
export function importLegacy(options: LegacyOptions): LegacyResult {
  const { database, source, path, wallMs, pseudonymise, rateLimit, rawDays, onProgress } = options;
  const nowMs = wallMs();
  keepTrustedTime(database, nowMs);
  applyDefaultRetention(database, rawDays, nowMs);
  const { begun, keys, policies } = database.transaction(() => ({
    begun: resumeImport(database, source, path, nowMs),
    keys: importKeys(database, source, { nowMs, rateLimit }),
    policies: importPolicies(database, source),
  }));
  // What the predecessor adds from now on is for the next run.
  const { lastId, rows } = source.extentAfter(begun.lastId);
  const rollups = new Rollups(database);
  const store = new MetricWriter(database, rollups);
  const builder = new BatchBuilder();
  const expired = createExpiredCount(database, nowMs);
  const addChunk = createAddChunk({
    builder,
    wallMs,
    pseudonymise,
    numberRequest: numbersAfter(source, begun.lastId, nowMs),
    onAdded: expired.add,
  });
  let progress = begun;
  let done = 0;
  onProgress(done, rows);
  for (;;) {
    const chunk = source.metricsAfter(progress.lastId, lastId, CHUNK_ROWS);
    const last = chunk.at(-1);
    if (last === undefined) break;
    const next = addChunk(chunk, { ...progress, lastId: last.id });
    const digest = source.digestOf(last.id) ?? "";
    store.commit(builder.take(), wallMs(), () => recordProgress(database, next, digest));
    progress = next;
    done += chunk.length;
    onProgress(done, rows);
  }
  while (rollups.flushStep(wallMs()) !== undefined);
  const leftBehind = source.leftBehind();
  recordFinished(database, progress, wallMs());
  return {
    keys,
    policies,
    imported: progress.rowsImported - begun.rowsImported,
    skipped: progress.rowsSkipped - begun.rowsSkipped,
    total: progress,
    leftBehind,
    expired: expired.rows,
  };
}

/** Numbers requests as the interrupted run did, whose last rows it reads again. */
function numbersAfter(source: LegacySource, lastId: number, nowMs: number): NumberRequest {
  const numberRequest = createNumberRequest(nowMs);
  for (const row of source.metricsAfter(lastId - REMEMBERED_ROWS, lastId, REMEMBERED_ROWS))
    numberRequest(row, createdMsOf(row));
  return numberRequest;
}

/** Counts measurements that are older than the policy of their type allows. */
function createExpiredCount(database: Database, nowMs: number) {
  const cutoffs = new Map(listPolicies(database).map((each) => [each.tableName, cutoffOf(each, nowMs)]));
  const count = {
    rows: 0,
    add({ dimensions, timestampMs }: Measurement): void {
      const cutoffMs = cutoffs.get(tableOfType(dimensions.type.name).name);
      if (cutoffMs !== undefined && timestampMs < cutoffMs) count.rows += 1;
    },
  };
  return count;
}

/** What a chunk is read with. */
interface AddChunkDeps {
  readonly builder: BatchBuilder;
  readonly wallMs: () => number;
  readonly pseudonymise: Pseudonymise;
  readonly numberRequest: NumberRequest;
  readonly onAdded: (measurement: Measurement) => void;
}

/** The function that reads a chunk into `builder` and returns how far the import is after it. */
function createAddChunk({ builder, wallMs, pseudonymise, numberRequest, onAdded }: AddChunkDeps) {
  const readMetric = createReadMetric(
    createValidate({ dimensionSets: createDimensionSets(), pseudonymise, wallMs, metricsMax: 1 }),
  );

  /** Add what can be read, and count what cannot, by reason. */
  return (chunk: readonly LegacyMetric[], before: LegacyImport): LegacyImport => {
    let imported = 0;
    const skipped = { ...before.skipped };
    const leftOut = { ...before.leftOut };
    for (const row of chunk) {
      const requestNumber = numberRequest(row, createdMsOf(row));
      const read = readMetric(row);
      if ("skipped" in read) {
        skipped[read.skipped] = (skipped[read.skipped] ?? 0) + 1;
        continue;
      }
      const { measurement, service, version, instanceId } = read;
      builder.add({
        source: { service, version, instanceId, apiKeyId: UNKNOWN_KEY },
        requestNumber,
        measurements: [measurement],
        idempotency: undefined,
      });
      imported += 1;
      onAdded(measurement);
      for (const what of read.leftOut) leftOut[what] = (leftOut[what] ?? 0) + 1;
    }
    return {
      ...before,
      rowsImported: before.rowsImported + imported,
      rowsSkipped: before.rowsSkipped + chunk.length - imported,
      skipped,
      leftOut,
    };
  };
}

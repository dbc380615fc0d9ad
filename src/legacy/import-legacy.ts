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
import { Rollups } from "../sqlite/rollups/rollups.ts";
import { BatchBuilder } from "../store/batch.ts";
import { cutoffOf, tableOfType } from "../store/retention.ts";
import { type ImportCounts, importKeys, importPolicies } from "./import-settings.ts";
import { createReadMetric } from "./read-metric.ts";
import { createdMsOf } from "./read-values.ts";
import { createNumberRequest, type NumberRequest } from "./request-numbers.ts";

/** Rows a transaction: what an interruption makes to be read again, and some 30 ms. */
const CHUNK_ROWS = 2000;
/** Read again after an interruption, so that the rest of a request gets its number. */
const REMEMBERED_ROWS = 20_000;
/** Which key wrote a metric, the predecessor does not say. */
const UNKNOWN_KEY = 0;

export interface LegacyOptions {
  /** Held by nobody else, and migrated. */
  readonly database: Database;
  readonly source: LegacySource;
  /** Where the source is, for people. */
  readonly path: string;
  readonly wallMs: () => number;
  readonly pseudonymise: Pseudonymise;
  /** Of keys without a limit. */
  readonly rateLimit: number;
  /** Of raw metrics whose policy nobody has set. */
  readonly rawDays: number;
  /** After each chunk: rows of this run that have been looked at, of how many. */
  readonly onProgress: (done: number, total: number) => void;
}

export interface LegacyResult {
  readonly keys: ImportCounts;
  readonly policies: ImportCounts;
  /** Metrics of this run. */
  readonly imported: number;
  readonly skipped: number;
  /** Metrics of all runs together, with reasons. */
  readonly total: LegacyImport;
  /** Tables with rows that are not taken over → how many. */
  readonly leftBehind: Readonly<Record<string, number>>;
  /** Metrics of this run that are older than their policy allows: the next cleanup will delete them. */
  readonly expired: number;
}

/**
 * Take over a predecessor's keys, policies and raw metrics; rollups follow from the metrics. Interrupted at
 * any moment it goes on where it was, and a source that grew gives only what is new.
 *
 * @throws {DivergedSourceError}
 */
export function importLegacy(options: LegacyOptions): LegacyResult {
  const { database, source, path, wallMs, pseudonymise, rateLimit, rawDays, onProgress } = options;
  const nowMs = wallMs();
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

function numbersAfter(source: LegacySource, lastId: number, nowMs: number): NumberRequest {
  const numberRequest = createNumberRequest(nowMs);
  for (const row of source.metricsAfter(lastId - REMEMBERED_ROWS, lastId, REMEMBERED_ROWS))
    numberRequest(row, createdMsOf(row));
  return numberRequest;
}

/** Counts what is older than the policy of its type allows. */
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

interface AddChunkDeps {
  readonly builder: BatchBuilder;
  readonly wallMs: () => number;
  readonly pseudonymise: Pseudonymise;
  readonly numberRequest: NumberRequest;
  readonly onAdded: (measurement: Measurement) => void;
}

function createAddChunk({ builder, wallMs, pseudonymise, numberRequest, onAdded }: AddChunkDeps) {
  const readMetric = createReadMetric(
    createValidate({ intern: createDimensionSets(), pseudonymise, wallMs, metricsMax: 1 }),
  );

  /** Add what can be read, and count what cannot. */
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

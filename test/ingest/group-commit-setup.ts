import { METRIC_TYPES } from "../../src/catalogue/catalogue.ts";
import type { MetricType } from "../../src/catalogue/definition.ts";
import type { Measurement } from "../../src/catalogue/measurement.ts";
import { ServiceError } from "../../src/errors.ts";
import { GroupCommit, type GroupCommitOptions } from "../../src/ingest/group-commit.ts";
import { type Batch, BatchBuilder, COLUMNS_PER_ROW } from "../../src/store/batch.ts";
import type { CommitResult } from "../../src/store/metrics.ts";
import type { Submission } from "../../src/store/submission.ts";
import { TestClock } from "../support/time.ts";

export const UNAVAILABLE = () => new ServiceError("storage_unavailable", "disk full");

const [TYPE] = METRIC_TYPES as readonly [MetricType];
const SET = { type: TYPE, values: [], json: "{}" };

/** A submission of `metrics` metrics; the request number names it. */
export function submission(requestNumber: number, metrics = 1, key?: string): Submission {
  const measurement: Measurement = {
    dimensions: SET,
    timestampMs: 0,
    value: requestNumber,
    durationMs: undefined,
    otherKeys: [],
    otherValues: [],
    metadataKeys: [],
    metadataValues: [],
    distribution: undefined,
  };
  return {
    source: { service: "auth", version: "", instanceId: "", apiKeyId: 1 },
    requestNumber,
    measurements: new Array(metrics).fill(measurement),
    idempotency:
      key === undefined ? undefined : { key, fingerprint: "f", answer: `answer of ${requestNumber}` },
  };
}

/** The request numbers in a batch, each as often as it has rows. */
export function requestsOf({ numbers, rowCount }: Batch): readonly number[] {
  return Array.from({ length: rowCount }, (_, row) => numbers[row * COLUMNS_PER_ROW + 3] ?? Number.NaN);
}

/** A transaction on its way, to be ended by the test. */
export interface Transaction {
  readonly batch: Batch;
  readonly requests: readonly number[];
  /** Store it, as the database would: a key that was used before brings its answer back. */
  readonly succeed: () => void;
  readonly fail: (error?: Error) => void;
}

/** A database that keeps what it is given when the test says so. */
export function setup(options: Partial<GroupCommitOptions<Submission, Batch>> = {}) {
  const clock = new TestClock();
  const transactions: Transaction[] = [];
  const stored: number[] = [];
  const answers = new Map<string, string>();
  const commits: { readonly metrics: number; readonly seconds: number }[] = [];

  function store(batch: Batch): CommitResult {
    const requests = requestsOf(batch);
    const skipped = new Set<number>();
    const duplicates: { index: number; stored: { fingerprint: string; answer: string } }[] = [];
    for (const [index, { key, answer, start, end }] of batch.keyed.entries()) {
      const earlier = answers.get(key);
      if (earlier === undefined) answers.set(key, answer);
      else {
        duplicates.push({ index, stored: { fingerprint: "f", answer: earlier } });
        for (let row = start; row < end; row += 1) skipped.add(row);
      }
    }
    stored.push(...requests.filter((_, row) => !skipped.has(row)));
    return { duplicates };
  }

  const commit = (batch: Batch) =>
    new Promise<CommitResult>((resolve, reject) => {
      transactions.push({
        batch,
        requests: requestsOf(batch),
        succeed: () => resolve(store(batch)),
        fail: (error = UNAVAILABLE()) => reject(error),
      });
    });
  const queue = new GroupCommit({
    gatherer: new BatchBuilder(),
    clock,
    commit,
    queuedMetricsMax: 1000,
    queuedBytesMax: undefined,
    linger: undefined,
    onCommit: (commit) => void commits.push(commit),
    ...options,
  });
  /** The newest transaction; an error when there is none. */
  const latest = (): Transaction => {
    const transaction = transactions.at(-1);
    if (transaction === undefined) throw new Error("no transaction was begun");
    return transaction;
  };
  return { clock, queue, transactions, latest, stored, commits };
}

/** How a promise stands, without waiting for it. */
export function watch<Value>(promise: Promise<Value>) {
  const state: { outcome: "waits" | "resolved" | "rejected"; value?: Value; error?: unknown } = {
    outcome: "waits",
  };
  promise.then(
    (value) => Object.assign(state, { outcome: "resolved", value }),
    (error) => Object.assign(state, { outcome: "rejected", error }),
  );
  return state;
}

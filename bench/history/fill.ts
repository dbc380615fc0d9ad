import { createDimensionSets } from "../../src/ingest/dimension-sets.ts";
import { createValidate } from "../../src/ingest/validate.ts";
import { migrateUp, readMigrations } from "../../src/sqlite/file/migrator.ts";
import { openWriter } from "../../src/sqlite/file/open.ts";
import { MetricWriter } from "../../src/sqlite/metrics/metric-writer.ts";
import { Rollups } from "../../src/sqlite/rollups/rollups.ts";
import { BatchBuilder } from "../../src/store/batch.ts";
import { createWorkload, type SubmittedMetric } from "../workload.ts";

/** Who sends what, as in the predecessor's deployments: two gateways, and a registry. */
const SENDERS: Readonly<Record<string, readonly string[]>> = {
  auth_request: ["auth-server"],
  tool_execution: ["auth-server", "mcpgw"],
  tool_discovery: ["mcpgw"],
};
const OTHER_SENDERS = ["registry"];
export const DAYS = 90;
const DAY_MS = 86_400_000;
/** Metrics a transaction. */
const BATCH_METRICS = 1_000;
/** As in the service. */
const FLUSH_INTERVAL_MS = 2_000;

type Metric = SubmittedMetric & { readonly timestamp: number };

export interface FillOptions {
  readonly path: string;
  readonly metrics: number;
  /** Over how many days before `endMs` they are spread. */
  readonly days: number;
  readonly endMs: number;
  readonly withRollups: boolean;
  readonly onProgress: (done: number, perSecond: number) => void;
}

/** Metrics evenly over the days before `endMs`, in order. */
export function* historyOf(metrics: number, endMs: number, days = DAYS): Generator<Metric> {
  const workload = createWorkload(5);
  const startMs = endMs - days * DAY_MS;
  for (let index = 0; index < metrics; index += 1) {
    yield { ...workload.next(), timestamp: Math.floor(startMs + (index / metrics) * days * DAY_MS) };
  }
}

/**
 * Fill a database as the writer thread does, at once: batches, transactions, fsync, rollups. Making and
 * validating metrics is not timed. Resolves to the seconds that each million took.
 */
export function fill({ path, metrics, days, endMs, withRollups, onProgress }: FillOptions): number[] {
  const database = openWriter(path, () => {});
  migrateUp(database, readMigrations(new URL("../../migrations", import.meta.url).pathname));
  const rollups = withRollups ? new Rollups(database) : new NoRollups(database);
  const store = new MetricWriter(database, rollups);
  const builder = new BatchBuilder();
  const validate = createValidate({
    dimensionSets: createDimensionSets(),
    pseudonymise: (name) => name,
    wallMs: () => endMs,
    metricsMax: BATCH_METRICS,
  });
  const source = historyOf(metrics, endMs, days);
  const millions: number[] = [];
  let requestNumber = 0;
  let flushedMs = 0;
  let workedMs = 0;
  let million = 0;
  for (let done = 0; done < metrics; done += BATCH_METRICS) {
    const submissions = bySender(
      Array.from({ length: BATCH_METRICS }, () => source.next().value as Metric),
    ).map(([service, sent]) => {
      const version = "1.4.0";
      const instanceId = "bench-01";
      const envelope = { service, version, instance_id: instanceId, idempotency_key: undefined };
      const { measurements } = validate({ ...envelope, metrics: sent });
      // They arrive when they happen.
      const second = Math.floor((sent.at(-1)?.timestamp ?? 0) / 1000);
      requestNumber = Math.max(requestNumber + 1, second * 2 ** 19);
      return {
        source: { service, version, instanceId, apiKeyId: 1 },
        requestNumber,
        measurements,
        idempotency: undefined,
      };
    });
    const startMs = performance.now();
    for (const submission of submissions) builder.add(submission);
    store.commit(builder.take(), endMs);
    const spentMs = performance.now() - startMs;
    workedMs += spentMs;
    million += spentMs;
    if (withRollups && workedMs - flushedMs >= FLUSH_INTERVAL_MS) {
      const flushMs = time(() => flushAll(rollups, endMs));
      workedMs += flushMs;
      million += flushMs;
      flushedMs = workedMs;
    }
    if ((done + BATCH_METRICS) % Math.min(1_000_000, metrics / 2) === 0) {
      millions.push(million / 1000);
      million = 0;
    }
    if (done % 50_000 === 0) onProgress(done, (done / workedMs) * 1000);
  }
  if (withRollups) flushAll(rollups, endMs);
  database.script("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  return millions;
}

/** The services take turns where several send a type. */
export function bySender(metrics: readonly Metric[]): [service: string, metrics: Metric[]][] {
  const sent = new Map<string, Metric[]>();
  for (const [index, metric] of metrics.entries()) {
    const senders = SENDERS[metric.type] ?? OTHER_SENDERS;
    const sender = senders[index % senders.length] ?? "";
    const known = sent.get(sender);
    if (known === undefined) sent.set(sender, [metric]);
    else known.push(metric);
  }
  return [...sent];
}

function flushAll(rollups: Rollups, nowMs: number): void {
  while (rollups.flushStep(nowMs) !== undefined);
}

function time(work: () => void): number {
  const startMs = performance.now();
  work();
  return performance.now() - startMs;
}

/** What the same costs without them. */
class NoRollups extends Rollups {
  override committed(): void {}
}

import {
  createInstrument,
  createObservedInstrument,
  type InstrumentOptions,
  type Reading,
  type RecordAmount,
} from "./instruments.ts";
import type { BoundLabelValue } from "./label-values.ts";
import { openProcessMetrics } from "./process-metrics.ts";
import { OBSERVED_DEFINITIONS, recordedDefinitions } from "./self-metric-definitions.ts";
import { type Family, type FamilyDefinition, observe, openSeries, seriesKey } from "./series.ts";
import type { SkipReason } from "./series-table.ts";

/** What others know, asked for at each collection. None may do I/O or throw; undefined shows no sample. */
export interface Gauges {
  /** Metrics accepted or waiting that no commit holds yet. */
  readonly queueMetrics: () => number | undefined;
  /** MAX_QUEUED_METRICS, so that an alert can tell how full the queue is. */
  readonly queueLimit: () => number | undefined;
  /** Services and the tokens their keys have left. */
  readonly availableTokens: () => Iterable<readonly [service: string, tokens: number]>;
  /** The database file and its write-ahead log. */
  readonly databaseBytes: () => number | undefined;
}

export interface SelfMetricsOptions extends InstrumentOptions {
  readonly gauges: Gauges;
  readonly secondsBoundaries: readonly number[];
  /** Must not be the catalogue's: a client's `method` would take places from ours. */
  readonly boundLabelValue: BoundLabelValue;
}

export interface HttpRequest {
  readonly method: string;
  /** A route template or an RPC's name, never a path as it came. */
  readonly endpoint: string;
  readonly status: number;
  readonly seconds: number;
}

export interface DatabaseOperation {
  readonly operation: string;
  readonly table: string;
  readonly seconds: number;
  readonly failed?: boolean;
}

/** What the service says of itself. One function a fact. */
export interface SelfMetrics {
  httpRequest(request: HttpRequest): void;
  /** Called by the metric exporter; nobody else has to. */
  metricsProcessed(service: string, type: string, count: number): void;
  /** `field` without an index: `metrics.value`, not `metrics[3].value`. */
  validationError(field: string, errorType: string): void;
  /** `status` is `success` or a failure reason. */
  apiKeyRequest(service: string, status: string): void;
  rateLimitHit(service: string): void;
  databaseOperation(operation: DatabaseOperation): void;
  databaseError(): void;
  commit(commit: { readonly metrics: number; readonly seconds: number }): void;
  retentionDeleted(records: number): void;
  retentionCleanupError(): void;
  exportSkipped(reason: SkipReason): void;
  labelOverflow(label: string): void;
  serviceBindingViolation(service: string): void;
  otlpExport(result: "success" | "failure"): void;
  /** Everything, the gauges asked anew. */
  readFamilies(): readonly Family[];
  /** Stops the timer that measures event-loop lag. */
  close(): void;
}

/** Open the self-metrics; must be closed. */
export function openSelfMetrics(options: SelfMetricsOptions): SelfMetrics {
  const { families, record } = createRecorded(recordedDefinitions(options.secondsBoundaries), options);
  let retentionDeleted = 0;
  const observed = openObserved(options, () => retentionDeleted);
  return {
    httpRequest({ method, endpoint, status, seconds }) {
      record.httpRequests(1, method, endpoint, String(status));
      record.httpSeconds(seconds, method, endpoint);
    },
    metricsProcessed: (service, type, count) => record.metricsProcessed(count, service, type),
    validationError: (field, errorType) => record.validationErrors(1, field, errorType),
    apiKeyRequest: (service, status) => record.keyRequests(1, service, status),
    rateLimitHit: (service) => record.rateLimitHits(1, service),
    databaseOperation({ operation, table, seconds, failed = false }) {
      record.databaseOperations(1, operation, table);
      record.databaseSeconds(seconds, operation, table);
      if (failed) record.databaseErrors(1);
    },
    databaseError: () => record.databaseErrors(1),
    commit({ metrics, seconds }) {
      record.commitMetrics(metrics);
      record.commitSeconds(seconds);
    },
    retentionDeleted(records) {
      retentionDeleted += records;
    },
    retentionCleanupError: () => record.retentionErrors(1),
    exportSkipped: (reason) => record.exportSkips(1, reason),
    labelOverflow: (label) => record.labelOverflows(1, label),
    serviceBindingViolation: (service) => record.bindingViolations(1, service),
    otlpExport: (result) => record.otlpExports(1, result),
    readFamilies: () => [...families, ...observed.readFamilies()],
    close: observed.close,
  };
}

function createRecorded<Name extends string>(
  definitions: { readonly [name in Name]: FamilyDefinition },
  options: InstrumentOptions,
) {
  const families: Family[] = [];
  const record: Partial<{ [name in Name]: RecordAmount }> = {};
  for (const name in definitions) {
    const instrument = createInstrument(definitions[name], options);
    families.push(instrument.family);
    record[name] = instrument.record;
    // A counter without labels says 0 before its first event; else an alert would miss that first one.
    if (instrument.family.kind === "counter" && instrument.family.labels.length === 0) {
      observe(openSeries(instrument.family, seriesKey([]), [], options.wallMs()), 0);
    }
  }
  // Complete: the loop went over every name.
  return { families, record: record as { readonly [name in Name]: RecordAmount } };
}

function openObserved(options: SelfMetricsOptions, readRetentionDeleted: () => number) {
  const { gauges } = options;
  const processMetrics = openProcessMetrics(options.wallMs);
  const one = (definition: FamilyDefinition, read: () => number | undefined) =>
    createObservedInstrument(
      definition,
      () => {
        const value = read();
        return value === undefined ? [] : [[[], value]];
      },
      options,
    );
  const instruments = [
    one(OBSERVED_DEFINITIONS.queueMetrics, gauges.queueMetrics),
    one(OBSERVED_DEFINITIONS.queueLimit, gauges.queueLimit),
    createObservedInstrument(
      OBSERVED_DEFINITIONS.availableTokens,
      () => Array.from(gauges.availableTokens(), ([service, tokens]): Reading => [[service], tokens]),
      options,
    ),
    one(OBSERVED_DEFINITIONS.databaseBytes, gauges.databaseBytes),
    one(OBSERVED_DEFINITIONS.retentionDeleted, readRetentionDeleted),
    ...processMetrics.metrics.map(({ definition, read }) => one(definition, read)),
  ];
  return {
    readFamilies(): Family[] {
      for (const instrument of instruments) instrument.refresh();
      processMetrics.restartLagWindow();
      return instruments.map((instrument) => instrument.family);
    },
    close: processMetrics.close,
  };
}

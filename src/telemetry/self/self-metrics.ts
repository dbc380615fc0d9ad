import { toLabelValue } from "../series/label-values.ts";
import {
  type MetricFamily,
  type MetricFamilyDefinition,
  observe,
  openSeries,
  seriesKey,
} from "../series/series.ts";
import type { SkipReason } from "../series/table.ts";
import { LABEL_NAME, OBSERVED_DEFINITIONS, recordedDefinitions } from "./definitions.ts";
import {
  type BoundLabelValue,
  createObservableInstrument,
  createSyncInstrument,
  type InstrumentOptions,
  type Observation,
  type RecordAmount,
} from "./instruments.ts";
import { openProcessMetrics } from "./process-metrics.ts";

/**
 * What other parts know, asked for at each collection. None may do I/O or throw; undefined shows no sample.
 */
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
  /** Observed at each collection. */
  readonly gauges: Gauges;
  /** Of the histograms of durations: ascending upper bounds in seconds. */
  readonly secondsBoundaries: readonly number[];
  /** Must not be the catalogue's: a client's `method` would take places from ours. */
  readonly boundLabelValue: BoundLabelValue;
}

/** A request that was answered, whatever its protocol: RPCs are HTTP requests too. */
export interface AnsweredHttpRequest {
  readonly method: string;
  /** A route template or an RPC's name, never a path as it came. */
  readonly endpoint: string;
  readonly status: number;
  readonly seconds: number;
}

/** An operation of a database thread. */
export interface DatabaseOperation {
  readonly operation: string;
  readonly table: string;
  readonly seconds: number;
  readonly failed?: boolean;
}

/**
 * The metrics of the service itself, one function a fact. None throws or does I/O: they are called per
 * request.
 */
export interface SelfMetrics {
  httpRequest(request: AnsweredHttpRequest): void;
  /** Metrics of clients that are on disk. Called by `MetricRecorder.record`; nobody else has to. */
  metricsProcessed(service: string, type: string, count: number): void;
  /** `field` without an index: `metrics.value`, not `metrics[3].value`. */
  validationError(field: string, errorType: string): void;
  /** Something odd was left out of a metric that is stored; the same names. */
  fieldLeftOut(field: string, errorType: string): void;
  /** `status` is `success` or a failure reason. */
  apiKeyRequest(service: string, status: string): void;
  rateLimitHit(service: string): void;
  databaseOperation(operation: DatabaseOperation): void;
  databaseError(): void;
  /** A group commit. */
  commit(commit: { readonly metrics: number; readonly seconds: number }): void;
  retentionDeleted(records: number): void;
  retentionCleanupError(): void;
  exportSkipped(reason: SkipReason): void;
  labelOverflow(label: string): void;
  serviceBindingViolation(service: string): void;
  otlpExport(result: "success" | "failure"): void;
  /** End what tells of services that have sent nothing for a day: clients choose their names. */
  endIdle(nowMs: number): void;
  /** The families of all of these, observables asked anew. */
  readFamilies(): readonly MetricFamily[];
  /** Stops the timer that measures event-loop lag. */
  close(): void;
}

/** Open the self-metrics; must be closed. */
export function openSelfMetrics(options: SelfMetricsOptions): SelfMetrics {
  const { families, record, endIdle } = createRecorded(recordedDefinitions(options.secondsBoundaries), {
    ...options,
    // Names of labels come from the program and are few. Under the limit of values, the counter of overflows
    // would report its own overflow to itself, without end. Services are those of keys, or bounded already.
    boundLabelValue: (label, value) =>
      label === LABEL_NAME || label === "service"
        ? toLabelValue(value)
        : options.boundLabelValue(label, value),
  });
  let retentionDeleted = 0;
  const observed = openObserved(options, () => retentionDeleted);
  return {
    httpRequest({ method, endpoint, status, seconds }) {
      record.httpRequests(1, method, endpoint, String(status));
      record.httpSeconds(seconds, method, endpoint);
    },
    metricsProcessed: (service, type, count) => record.metricsProcessed(count, service, type),
    validationError: (field, errorType) => record.validationErrors(1, field, errorType),
    fieldLeftOut: (field, errorType) => record.fieldsLeftOut(1, field, errorType),
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
    endIdle: (nowMs) => endIdle.metricsProcessed(nowMs),
    readFamilies: () => [...families, ...observed.readFamilies()],
    close: observed.close,
  };
}

/** An instrument for each definition, under the same names. */
function createRecorded<Name extends string>(
  definitions: { readonly [name in Name]: MetricFamilyDefinition },
  options: InstrumentOptions,
) {
  const families: MetricFamily[] = [];
  const record: Partial<{ [name in Name]: RecordAmount }> = {};
  const endIdle: Partial<{ [name in Name]: (nowMs: number) => void }> = {};
  for (const name in definitions) {
    const instrument = createSyncInstrument(definitions[name], options);
    families.push(instrument.family);
    record[name] = instrument.record;
    endIdle[name] = instrument.endIdle;
    // A counter without labels says 0 before its first event; else an alert would miss that first one.
    if (instrument.family.kind === "counter" && instrument.family.labels.length === 0) {
      observe(openSeries(instrument.family, seriesKey([]), [], options.wallMs()), 0);
    }
  }
  // Complete: the loop went over every name.
  return {
    families,
    record: record as { readonly [name in Name]: RecordAmount },
    endIdle: endIdle as { readonly [name in Name]: (nowMs: number) => void },
  };
}

/** The observables, which read what other parts know. */
function openObserved(options: SelfMetricsOptions, readRetentionDeleted: () => number) {
  const { gauges } = options;
  const processMetrics = openProcessMetrics(options.wallMs);
  const one = (definition: MetricFamilyDefinition, read: () => number | undefined) =>
    createObservableInstrument(
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
    createObservableInstrument(
      OBSERVED_DEFINITIONS.availableTokens,
      () => Array.from(gauges.availableTokens(), ([service, tokens]): Observation => [[service], tokens]),
      options,
    ),
    one(OBSERVED_DEFINITIONS.databaseBytes, gauges.databaseBytes),
    one(OBSERVED_DEFINITIONS.retentionDeleted, readRetentionDeleted),
    ...processMetrics.metrics.map(({ definition, read }) => one(definition, read)),
  ];
  return {
    readFamilies(): MetricFamily[] {
      for (const instrument of instruments) instrument.refresh();
      processMetrics.restartLagWindow();
      return instruments.map((instrument) => instrument.family);
    },
    close: processMetrics.close,
  };
}

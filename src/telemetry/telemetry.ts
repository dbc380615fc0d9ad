import { resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { METRIC_TYPES } from "../catalogue/catalogue.ts";
import { OPERATION_TYPES } from "../catalogue/operations.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import { createExposition, createServiceExposition, type Exposition } from "./exposition.ts";
import { LabelValues } from "./label-values.ts";
import { createMetricExporter, type MetricExporter } from "./metric-exporter.ts";
import { createOperationDurations } from "./operation-durations.ts";
import { createOtlpExporter } from "./otlp-exporter.ts";
import { moveCredentials } from "./otlp-request.ts";
import { describeResource, type ResourceOptions } from "./resource.ts";
import { type RestoredState, toMeasurement } from "./restored-states.ts";
import { type Gauges, openSelfMetrics, type SelfMetrics } from "./self-metrics.ts";
import type { Family } from "./series.ts";
import { planSeries } from "./series-plan.ts";
import { createSeriesProducer, type TemporalityPreference } from "./series-producer.ts";
import { SeriesStore } from "./series-store.ts";
import { SeriesTable } from "./series-table.ts";
import { serviceFamilies } from "./service-families.ts";

/** A dead endpoint may hold up a stopping process for so long. */
const SHUTDOWN_GRACE_MS = 1_000;
/** An endpoint that is down for a night must not fill the log. */
const FAILURE_LOG_INTERVAL_MS = 60_000;

export interface OtlpOptions {
  /** In full, path included; may hold a name and password, which are not logged. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: "gzip" | "none";
  /** For an export with all its retries; no more than the interval. */
  readonly timeoutMs: number;
  readonly intervalMs: number;
  readonly temporality: TemporalityPreference;
}

/**
 * The resource is what `target_info` and OTLP exports carry. Nothing has a default here: those of the
 * operator's settings stand in `config/settings.ts` alone.
 */
export interface TelemetryOptions extends ResourceOptions {
  /** METRICS_MAX_LABEL_CARDINALITY: distinct values a label may have. */
  readonly labelValuesMax: number;
  /** METRICS_MAX_SERIES: series of the catalogue's instruments; see `SeriesStoreOptions`. */
  readonly seriesMax: number;
  /** HISTOGRAM_BUCKET_BOUNDARIES: ascending, in seconds. */
  readonly secondsBoundaries: readonly number[];
  /**
   * METRICS_NAMING: `both` adds the histograms of the semantic conventions to the catalogue's instruments,
   * and `semconv` leaves those out that say the same.
   */
  readonly naming: Naming;
  /** METRICS_INSTANCE_EXPIRY_SECONDS: the gauges of an instance that is silent for so long are not shown. */
  readonly instanceSilenceMs: number;
  /** Push to an OTLP receiver; absent: nothing is sent. */
  readonly otlp?: OtlpOptions | undefined;
  readonly gauges: Gauges;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type Naming = "legacy" | "semconv" | "both";

export interface Telemetry {
  readonly exporter: MetricExporter;
  readonly selfMetrics: SelfMetrics;
  /**
   * Everything as Prometheus text, with all that was recorded before the call. Written in parts, so that
   * others have their turn, and one at a time: calls during the writing share the next one.
   */
  exposition(): Promise<Exposition>;
  /**
   * Of what instances report of themselves, that of one service together, or of all: under its own labels
   * only. Written as `exposition` is.
   */
  serviceExposition(service: string | undefined): Promise<Exposition>;
  /** Show a gauge as it was reported before the service started, to be heard of at `heardMs`. */
  restore(state: RestoredState, heardMs: number): void;
  /** Export to OTLP now and wait for it, at most its timeout. Failures are counted, not thrown. */
  forceFlush(): Promise<void>;
  /** One last export, which gets a second, then no more. */
  shutdown(): Promise<void>;
}

/** Build all of it. @throws {TypeError} when the OTLP URL is none. */
export function openTelemetry(options: TelemetryOptions): Telemetry {
  const { clock, naming, secondsBoundaries, seriesMax, labelValuesMax: distinctMax } = options;
  const onFold = (label: string) => selfMetrics.labelOverflow(label);
  const selfMetrics = openSelfMetrics({
    gauges: options.gauges,
    secondsBoundaries,
    boundLabelValue: new LabelValues({ distinctMax, onFold }).bound,
    wallMs: clock.wallMs,
  });
  const replaced = naming === "semconv" ? OPERATION_TYPES.flatMap(({ replaces }) => replaces) : [];
  const plan = planSeries({ types: METRIC_TYPES, without: new Set(replaced), secondsBoundaries });
  const store = new SeriesStore({ seriesMax, distinctMax, wallMs: clock.wallMs, onFold });
  const table = new SeriesTable({
    plan,
    store,
    onFold,
    instanceSilenceMs: options.instanceSilenceMs,
    onSkip: (reason) => selfMetrics.exportSkipped(reason),
  });
  const operations = naming === "legacy" ? undefined : createOperationDurations({ store, onFold });
  const recorders = operations === undefined ? [table] : [table, operations];
  const readFamilies = () => {
    table.refresh(clock.wallMs());
    return [...plan.families, ...(operations?.families ?? []), ...selfMetrics.readFamilies()];
  };
  const readServiceFamilies = (service: string | undefined) => {
    table.refresh(clock.wallMs());
    return serviceFamilies(plan, service, clock.wallMs());
  };
  const resourceAttributes = describeResource(options);
  const push =
    options.otlp === undefined ? undefined : openPush(options, options.otlp, readFamilies, selfMetrics);
  return {
    exporter: createMetricExporter(recorders, selfMetrics, clock.wallMs),
    selfMetrics,
    exposition: createExposition({ readFamilies, resourceAttributes, wallMs: clock.wallMs }),
    serviceExposition: createServiceExposition({ readServiceFamilies, wallMs: clock.wallMs }),
    restore(state, heardMs) {
      const measurement = toMeasurement(state);
      if (measurement !== undefined) table.record(state, [measurement], heardMs);
    },
    forceFlush: async () => push?.provider.forceFlush(),
    shutdown: async () => {
      push?.exporter.hurry(SHUTDOWN_GRACE_MS);
      await push?.provider.shutdown();
      selfMetrics.close();
    },
  };
}

function openPush(
  options: TelemetryOptions,
  otlp: OtlpOptions,
  readFamilies: () => readonly Family[],
  selfMetrics: SelfMetrics,
) {
  const { clock, logger } = options;
  const resource = resourceFromAttributes(describeResource(options));
  const producer = createSeriesProducer({
    readFamilies,
    temporality: otlp.temporality,
    resource,
    scope: { name: "mcp-metrics", version: options.serviceVersion },
    wallMs: clock.wallMs,
  });
  const report = createExportReport(logger, clock);
  const exporter = createOtlpExporter({
    request: moveCredentials(otlp),
    compression: otlp.compression,
    timeoutMs: Math.min(otlp.timeoutMs, otlp.intervalMs),
    clock,
    onSuccess() {
      producer.confirm();
      selfMetrics.otlpExport("success");
      report.success();
    },
    onFailure(error) {
      selfMetrics.otlpExport("failure");
      report.failure(error);
    },
  });
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: otlp.intervalMs,
    exportTimeoutMillis: otlp.intervalMs,
    metricProducers: [producer],
  });
  return { exporter, provider: new MeterProvider({ resource, readers: [reader] }) };
}

/** The first failure is logged at once, later ones at most once a minute with their number. */
function createExportReport(logger: Logger, clock: Clock) {
  let failures = 0;
  let quietUntilMs = Number.NEGATIVE_INFINITY;
  let isReported = false;
  return {
    success() {
      if (isReported) logger.info("OTLP export works again");
      isReported = false;
    },
    failure(error: Error) {
      failures += 1;
      if (clock.monotonicMs() < quietUntilMs) return;
      logger.warn("OTLP export failed; the next one carries its totals", { failures, reason: error.message });
      failures = 0;
      isReported = true;
      quietUntilMs = clock.monotonicMs() + FAILURE_LOG_INTERVAL_MS;
    },
  };
}

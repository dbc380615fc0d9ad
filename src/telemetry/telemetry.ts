import { METRIC_TYPES } from "../catalogue/catalogue.ts";
import type { MetricType } from "../catalogue/definition.ts";
import { OPERATION_TYPES } from "../catalogue/mcp-operations.ts";
import type { Measurement } from "../catalogue/measurement.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import { MINUTE_MS } from "../lib/time.ts";
import { createExposition, createServiceExposition, type Exposition } from "./exposition/exposition.ts";
import { type OtlpOptions, openPush } from "./otlp/push.ts";
import { describeResource, type ResourceOptions } from "./resource.ts";
import { type Gauges, openSelfMetrics, type SelfMetrics } from "./self/self-metrics.ts";
import { SeriesStore } from "./series/bounded-series.ts";
import { LabelValues } from "./series/label-values.ts";
import { createOperationDurations } from "./series/operation-durations.ts";
import { planSeries } from "./series/plan.ts";
import { type RestoredState, toMeasurement } from "./series/restored-state.ts";
import { type Senders, serviceFamilies } from "./series/service-families.ts";
import { SeriesTable } from "./series/table.ts";
import type { Sender } from "./series/tenants.ts";

/**
 * The resource is what `target_info` and OTLP exports carry. Nothing has a default here: those of the
 * operator's settings stand in `config/settings.ts` alone.
 */
export interface TelemetryOptions extends ResourceOptions {
  /** METRICS_MAX_LABEL_CARDINALITY: distinct values a label may have of a service; further ones read `_other`. */
  readonly labelValuesMax: number;
  /** METRICS_MAX_SERIES: series of the catalogue's instruments; see `SeriesStoreOptions` and `Room`. */
  readonly seriesMax: number;
  /** HISTOGRAM_BUCKET_BOUNDARIES: ascending upper bounds of durations, in seconds. */
  readonly secondsBoundaries: readonly number[];
  /**
   * METRICS_NAMING: `both` adds the histograms of the semantic conventions to the catalogue's instruments,
   * and `semconv` leaves those out that say the same; `legacy` is the catalogue's alone.
   */
  readonly naming: Naming;
  /** METRICS_INSTANCE_EXPIRY_SECONDS: the gauges of an instance that is silent for so long are not shown. */
  readonly instanceSilenceMs: number;
  /** Push to an OTLP receiver; undefined: nothing is sent. */
  readonly otlp: OtlpOptions | undefined;
  /** What the service's own gauges are asked for. */
  readonly gauges: Gauges;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type Naming = "legacy" | "semconv" | "both";

/** What is exported of the service: the metrics it was sent, and those of its own. */
export interface Telemetry {
  readonly recorder: MetricRecorder;
  readonly selfMetrics: SelfMetrics;
  /**
   * Everything as Prometheus text, with all that was recorded before the call. Written in parts, between
   * which the event loop serves others, and once at a time: calls during the writing share the next one.
   */
  exposition(): Promise<Exposition>;
  /**
   * What one instance, those of one service or all report of themselves, added up under the metrics' own
   * labels. Written as `exposition` is, with numbers as composers write them.
   */
  serviceExposition(senders: Senders): Promise<Exposition>;
  /** Show a gauge as it was before the service started; its instance reported it at `reportedMs`. */
  restore(state: RestoredState, reportedMs: number): void;
  /** Export to OTLP now and wait for it, at most its timeout. Failures are counted, not thrown. */
  forceFlush(): Promise<void>;
  /** One last export, which gets a second, then no more. */
  shutdown(): Promise<void>;
}

export interface MetricRecorder {
  /**
   * Count what was committed: instruments and `metrics_processed_total`. To be called
   * once, after the commit: what is counted here and rolled back there would be counted again by the
   * client's retry. Never throws, does no I/O; the exporters read when they are asked or due.
   */
  record(sender: Sender, measurements: readonly Measurement[]): void;
}

/** Build all of it. @throws {TypeError} when the OTLP URL is none. */
export function openTelemetry(options: TelemetryOptions): Telemetry {
  const { clock, labelValuesMax: distinctMax, naming, secondsBoundaries, seriesMax } = options;
  const onOverflow = (label: string) => selfMetrics.labelOverflow(label);
  const selfLabels = new LabelValues({ distinctMax, onOverflow });
  const selfMetrics = openSelfMetrics({
    gauges: options.gauges,
    secondsBoundaries,
    boundLabelValue: (label, value) => selfLabels.bound("", label, value),
    wallMs: clock.wallMs,
  });
  const replaced = naming === "semconv" ? OPERATION_TYPES.flatMap(({ replaces }) => replaces) : [];
  const plan = planSeries({ types: METRIC_TYPES, without: new Set(replaced), secondsBoundaries });
  const store = new SeriesStore({ seriesMax, distinctMax, wallMs: clock.wallMs, onOverflow });
  const table = new SeriesTable({
    plan,
    store,
    onOverflow,
    instanceSilenceMs: options.instanceSilenceMs,
    foldedMax: seriesMax,
    onSkip: (reason) => selfMetrics.exportSkipped(reason),
  });
  const operations = naming === "legacy" ? undefined : createOperationDurations({ store, onOverflow });
  let lastEndMs = clock.wallMs();
  const endIdle = (nowMs: number) => {
    if (Math.abs(nowMs - lastEndMs) < MINUTE_MS) return;
    lastEndMs = nowMs;
    table.endIdle(nowMs);
    operations?.endIdle(nowMs);
    selfMetrics.endIdle(nowMs);
    store.labels.releaseUnused();
  };
  const readFamilies = () => {
    endIdle(clock.wallMs());
    table.refresh(clock.wallMs());
    return [...plan.families, ...(operations?.families ?? []), ...selfMetrics.readFamilies()];
  };
  const readServiceFamilies = (senders: Senders) => {
    endIdle(clock.wallMs());
    table.refresh(clock.wallMs());
    return serviceFamilies(plan, senders, clock.wallMs());
  };
  const resourceAttributes = describeResource(options);
  const push =
    options.otlp &&
    openPush({ ...options, otlp: options.otlp, resourceAttributes, readFamilies, selfMetrics });
  return {
    recorder: {
      record(sender, measurements) {
        const reportedMs = clock.wallMs();
        table.follow(reportedMs);
        endIdle(reportedMs);
        const report = { sender, tenant: store.tenantOf(sender), reportedMs };
        table.record(report, measurements);
        operations?.record(report, measurements);
        countProcessed(selfMetrics, report.tenant.service, measurements);
      },
    },
    selfMetrics,
    exposition: createExposition({ readFamilies, resourceAttributes, wallMs: clock.wallMs }),
    serviceExposition: createServiceExposition({ readServiceFamilies, wallMs: clock.wallMs }),
    restore(state, reportedMs) {
      const measurement = toMeasurement(state);
      // Arrivals are known to the second, and states to the millisecond.
      const arrivedMs = Math.min(reportedMs + 999, Math.max(reportedMs, state.timestampMs));
      const report = { sender: state, tenant: store.tenantOf(state), reportedMs: arrivedMs };
      if (measurement !== undefined) table.record(report, [measurement]);
    },
    forceFlush: async () => push?.flush(),
    shutdown: async () => {
      await push?.shutdown();
      selfMetrics.close();
    },
  };
}

/** One addition for each run of the same type: clients send their metrics in such runs. */
function countProcessed(
  selfMetrics: SelfMetrics,
  service: string,
  measurements: readonly Measurement[],
): void {
  let type: MetricType | undefined;
  let run = 0;
  for (const { dimensions, distribution } of measurements) {
    if (dimensions.type !== type) {
      if (type !== undefined) selfMetrics.metricsProcessed(service, type.name, run);
      type = dimensions.type;
      run = 0;
    }
    run += distribution?.count ?? 1;
  }
  if (type !== undefined) selfMetrics.metricsProcessed(service, type.name, run);
}

import { resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/logger.ts";
import type { SelfMetrics } from "../self/self-metrics.ts";
import type { MetricFamily } from "../series/series.ts";
import { createOtlpExporter, moveCredentials } from "./exporter.ts";
import { createSeriesProducer, type TemporalityPreference } from "./producer.ts";

/** Where metrics are pushed to, and how. */
export interface OtlpOptions {
  /** In full, path included; may hold a name and password, which are not logged. */
  readonly url: string;
  /** Sent with every export; values may be secrets. */
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: "gzip" | "none";
  /** For an export with all its retries; no more than the interval. */
  readonly timeoutMs: number;
  /** Between the starts of two exports. */
  readonly intervalMs: number;
  readonly temporality: TemporalityPreference;
}

export interface PushOptions {
  readonly otlp: OtlpOptions;
  readonly serviceVersion: string;
  readonly resourceAttributes: Readonly<Record<string, string>>;
  /** The families of now: called for each export. */
  readonly readFamilies: () => readonly MetricFamily[];
  /** Counts exports by their result. */
  readonly selfMetrics: Pick<SelfMetrics, "otlpExport">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Exports that are made on a timer until `shutdown`. */
export interface Push {
  /** Export now and wait for it. */
  flush(): Promise<void>;
  /** One last export, which gets a second. */
  shutdown(): Promise<void>;
}

/** A dead endpoint may hold up a stopping process for so long. */
const SHUTDOWN_GRACE_MS = 1_000;
/** An endpoint that is down for a night must not fill the log. */
const FAILURE_LOG_INTERVAL_MS = 60_000;

/** The SDK's periodic reader over our series and our exporter. @throws {TypeError} when the URL is none. */
export function openPush(options: PushOptions): Push {
  const { clock, otlp, selfMetrics, readFamilies } = options;
  const resource = resourceFromAttributes(options.resourceAttributes);
  const producer = createSeriesProducer({
    readFamilies,
    temporality: otlp.temporality,
    resource,
    scope: { name: "mcp-metrics", version: options.serviceVersion },
    wallMs: clock.wallMs,
  });
  const report = createExportReport(options.logger, clock);
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
  const provider = new MeterProvider({ resource, readers: [reader] });
  return {
    flush: () => provider.forceFlush(),
    async shutdown() {
      exporter.finishNow(SHUTDOWN_GRACE_MS);
      await provider.shutdown();
    },
  };
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

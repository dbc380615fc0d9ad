import { METRIC_TYPES } from "../../src/catalogue/catalogue.ts";
import type { DimensionValue, Measurement } from "../../src/catalogue/measurement.ts";
import { readConfig } from "../../src/config.ts";
import { type Clock, systemClock } from "../../src/lib/clock.ts";
import type { LogFields, Logger } from "../../src/lib/logger.ts";
import type { Sender } from "../../src/telemetry/series/tenants.ts";
import { openTelemetry, type TelemetryOptions } from "../../src/telemetry/telemetry.ts";
import { parseScrape } from "./scrape.ts";

export interface MetricOptions {
  readonly type?: string;
  readonly dimensions?: Readonly<Record<string, DimensionValue>>;
  readonly value?: number;
  readonly durationMs?: number;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A measurement as ingest would make it, with a dimension set of its own. */
export function measure(options: MetricOptions = {}): Measurement {
  const { type: name = "auth_request", dimensions = {}, metadata = {}, value = 1, durationMs } = options;
  const type = METRIC_TYPES.find((entry) => entry.name === name);
  if (type === undefined) throw new Error(`no metric type ${name}`);
  const values = type.dimensions.map((key) => (Object.hasOwn(dimensions, key) ? dimensions[key] : undefined));
  const others = Object.entries(dimensions).filter(([key]) => !type.dimensions.includes(key));
  return {
    dimensions: { type, values, json: JSON.stringify(dimensions) },
    timestampMs: 0,
    value,
    durationMs,
    otherKeys: others.map(([key]) => key),
    otherValues: others.map(([, scalar]) => scalar),
    metadataKeys: Object.keys(metadata),
    metadataValues: Object.values(metadata),
    distribution: undefined,
  };
}

/** A logger that keeps what it was told. */
export function recordLog(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const log =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const logger: Logger = {
    debug: log("debug"),
    isDebug: true,
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
    named: () => logger,
  };
  return { logger, lines };
}

/** Telemetry as the defaults of the settings make it, without a push. Must be shut down. */
export function open(options: Partial<TelemetryOptions> & { readonly clock?: Clock } = {}) {
  const { labelValuesMax, seriesMax, naming, instanceSilenceMs, secondsBuckets } = readConfig({}).telemetry;
  const telemetry = openTelemetry({
    labelValuesMax,
    seriesMax,
    naming,
    instanceSilenceMs,
    secondsBoundaries: secondsBuckets,
    otlp: undefined,
    serviceName: "mcp-metrics-service",
    serviceVersion: "1.0.0",
    instanceId: "test-1",
    gauges: {
      queueMetrics: () => 0,
      queueLimit: () => 10,
      availableTokens: () => [],
      databaseBytes: () => undefined,
    },
    clock: systemClock,
    logger: recordLog().logger,
    ...options,
  });
  const recorder = {
    record: (sender: Sender | string, measurements: readonly Measurement[]) =>
      telemetry.recorder.record(
        typeof sender === "string" ? { service: sender, instanceId: "" } : sender,
        measurements,
      ),
  };
  return { ...telemetry, recorder, scrape: async () => parseScrape((await telemetry.exposition()).text) };
}

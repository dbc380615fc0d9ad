import type { MetricType } from "../catalogue/definition.ts";
import type { Measurement } from "../catalogue/measurement.ts";
import type { SelfMetrics } from "./self-metrics.ts";
import type { Sender, SeriesTable } from "./series-table.ts";

export interface MetricExporter {
  /**
   * Count what was committed: instruments and `metrics_processed_total`. To be called
   * once, after the commit: what is counted here and rolled back there would be counted again by the
   * client's retry. Never throws, does no I/O; the exporters read when they are asked or due.
   */
  record(sender: Sender, measurements: readonly Measurement[]): void;
}

export function createMetricExporter(
  recorders: readonly Pick<SeriesTable, "record">[],
  selfMetrics: Pick<SelfMetrics, "metricsProcessed">,
  wallMs: () => number,
): MetricExporter {
  return {
    record(sender, measurements) {
      const nowMs = wallMs();
      for (const recorder of recorders) recorder.record(sender, measurements, nowMs);
      countRuns(measurements, (type, count) =>
        selfMetrics.metricsProcessed(sender.service, type.name, count),
      );
    },
  };
}

/** One call for each run of the same type: clients send their metrics in such runs. */
function countRuns(
  measurements: readonly Measurement[],
  count: (type: MetricType, count: number) => void,
): void {
  let type: MetricType | undefined;
  let run = 0;
  for (const measurement of measurements) {
    if (measurement.dimensions.type !== type) {
      if (type !== undefined) count(type, run);
      type = measurement.dimensions.type;
      run = 0;
    }
    run += measurement.distribution?.count ?? 1;
  }
  if (type !== undefined) count(type, run);
}

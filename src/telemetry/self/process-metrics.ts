import { monitorEventLoopDelay } from "node:perf_hooks";
import type { MetricFamilyDefinition } from "../series/series.ts";

/** One figure about this process, observed at each collection. */
export interface ProcessMetric {
  readonly definition: MetricFamilyDefinition;
  readonly read: () => number;
}

export interface ProcessMetrics {
  readonly metrics: readonly ProcessMetric[];
  /** Begin a new window of event-loop lag; to be called when all figures of a collection were read. */
  restartLagWindow(): void;
  close(): void;
}

/**
 * Figures about this process under the names that Prometheus clients give them (`process_*`) and prom-client
 * does (`nodejs_*`), so that existing dashboards work. Must be closed.
 */
export function openProcessMetrics(wallMs: () => number): ProcessMetrics {
  const lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  lag.enable();
  const startSeconds = wallMs() / 1000 - process.uptime();
  const metrics: ProcessMetric[] = [
    metric("process_cpu_seconds_total", "s", "User and system CPU time spent", cpuSeconds, "counter"),
    metric("process_resident_memory_bytes", "By", "Resident memory", () => process.memoryUsage.rss()),
    metric("process_start_time_seconds", "s", "Start of the process since 1970", () => startSeconds),
    metric("nodejs_heap_size_used_bytes", "By", "Heap in use", () => process.memoryUsage().heapUsed),
    metric("nodejs_heap_size_total_bytes", "By", "Heap reserved", () => process.memoryUsage().heapTotal),
    metric("nodejs_eventloop_lag_p50_seconds", "s", "Median event-loop lag since the last collection", () =>
      lagSeconds(lag.percentile(50)),
    ),
    metric("nodejs_eventloop_lag_p99_seconds", "s", "99th percentile of the event-loop lag", () =>
      lagSeconds(lag.percentile(99)),
    ),
    metric("nodejs_eventloop_lag_max_seconds", "s", "Longest event-loop lag since the last collection", () =>
      lagSeconds(lag.max),
    ),
  ];
  return { metrics, restartLagWindow: () => lag.reset(), close: () => lag.disable() };
}

/** Between two looks at the clock: finer costs more than the lag that it would show. */
const LAG_RESOLUTION_MS = 10;

function metric(
  name: string,
  unit: string,
  description: string,
  read: () => number,
  kind: "counter" | "gauge" = "gauge",
): ProcessMetric {
  return { definition: { name, kind, unit, description, labels: [] }, read };
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Node measures the whole distance between two ticks of its timer, the resolution included. */
function lagSeconds(distanceNs: number): number {
  return Math.max(0, distanceNs / 1e9 - LAG_RESOLUTION_MS / 1000);
}

/** How the demo's traffic goes over time: in waves, and now and then with one server in trouble. */
import type { Random } from "./random.ts";
import type { SubmittedMetric } from "./workload.ts";

const WAVE_MS = 20 * 60_000;
const TROUBLE_EVERY_MS = 45 * 60_000;
const TROUBLE_MS = 3 * 60_000;
const TROUBLED_SERVER = "jira";
const TROUBLE_ERROR_SHARE = 0.4;
const TROUBLE_SLOWNESS = 6;

/** Half as much to one and a half times the mean rate. */
export function rateAt(meanPerSecond: number, atMs: number): number {
  return meanPerSecond * (1 + 0.5 * Math.sin((atMs / WAVE_MS) * 2 * Math.PI));
}

/** A metric as it would be at that time: calls of one server fail and are slow while it is in trouble. */
export function inItsTime(metric: SubmittedMetric, atMs: number, random: Random): SubmittedMetric {
  const isTrouble = atMs % TROUBLE_EVERY_MS < TROUBLE_MS && metric.dimensions.server_name === TROUBLED_SERVER;
  if (!isTrouble || metric.type !== "tool_execution") return metric;
  const isFailing = random.chance(TROUBLE_ERROR_SHARE);
  return {
    ...metric,
    duration_ms: (metric.duration_ms ?? 0) * TROUBLE_SLOWNESS,
    dimensions: { ...metric.dimensions, ...(isFailing && { success: false }) },
    metadata: { ...metric.metadata, ...(isFailing && { error_code: "upstream_503" }) },
  };
}

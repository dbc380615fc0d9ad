import { setImmediate } from "node:timers/promises";
import { PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { emptyResource } from "@opentelemetry/resources";
import { AggregationTemporality } from "@opentelemetry/sdk-metrics";
import { toLabels } from "../resource.ts";
import { toMetricData, wholePoint } from "../series/metric-data.ts";
import {
  createFamily,
  type MetricFamily,
  type MetricSeries,
  observe,
  openSeries,
  seriesKey,
} from "../series/series.ts";
import type { Senders } from "../series/service-families.ts";
import { toPrometheusName } from "./prometheus-name.ts";
import { withPythonNumbers } from "./python-numbers.ts";
import { singleFlight } from "./single-flight.ts";

/** The text-based exposition format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/). */
const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * PrometheusSerializer (exporter-prometheus 0.301.0) takes 270 to 550 ms for the 34 000 lines of a full table
 * in one go, during which nothing else runs. So it gets so many lines, some 3 ms, a turn of the event loop.
 */
const LINES_PER_SLICE = 1000;

export interface ExpositionOptions {
  /** The families of now; observable gauges are refreshed by this call. */
  readonly readFamilies: () => Iterable<MetricFamily>;
  /** What `target_info` says. */
  readonly resourceAttributes: Readonly<Record<string, string>>;
  readonly wallMs: () => number;
}

/** The body of a scrape's answer. */
export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

/**
 * A function that writes the families and `target_info` as Prometheus text, with all that was recorded before
 * the call; see `singleFlight` for calls at the same time. A family without a sample is left out. What is
 * recorded during the writing is in the series that were not written yet, so that a histogram agrees with
 * itself always, but two series may be some milliseconds apart.
 */
export function createExposition(options: ExpositionOptions): () => Promise<Exposition> {
  const write = createWriter(options.wallMs);
  const targetInfo = createTargetInfo(options.resourceAttributes, options.wallMs());
  return singleFlight(() => write([targetInfo, ...options.readFamilies()]));
}

export interface ServiceExpositionOptions {
  /** What the instances of these senders say together now. */
  readonly readServiceFamilies: (senders: Senders) => Iterable<MetricFamily>;
  readonly wallMs: () => number;
}

/**
 * The same of one service or instance, or of all together; without `target_info`, and with numbers as
 * composers write them. Calls for the same senders share their writing, those for others do not wait for
 * each other.
 */
export function createServiceExposition(
  options: ServiceExpositionOptions,
): (senders: Senders) => Promise<Exposition> {
  const write = createWriter(options.wallMs, withPythonNumbers);
  /** Senders that somebody waits for, so that names of clients are not kept. */
  const running = new Map<string, { readonly expose: () => Promise<Exposition>; callers: number }>();
  return async (senders) => {
    const name = JSON.stringify([senders.service, senders.instanceId]);
    const known = running.get(name);
    const shared = known ?? {
      expose: singleFlight(() => write(options.readServiceFamilies(senders))),
      callers: 0,
    };
    running.set(name, shared);
    shared.callers += 1;
    try {
      return await shared.expose();
    } finally {
      shared.callers -= 1;
      if (shared.callers === 0) running.delete(name);
    }
  };
}

function createWriter(
  wallMs: () => number,
  rewrite: (text: string) => string = (text) => text,
): (families: Iterable<MetricFamily>) => Promise<Exposition> {
  // Text 0.0.4, no prefix, no timestamps, no scope labels.
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);

  function serialize(family: MetricFamily, slice: readonly MetricSeries[]): string {
    const points = slice.filter((series) => series.count > 0).map(wholePoint);
    if (points.length === 0) return "";
    // Its `# UNIT` belongs to OpenMetrics, where it would have to end the name as well; without a unit it
    // writes none.
    const unitless = { ...family, name: toPrometheusName(family), unit: "" };
    const metric = toMetricData(unitless, points, AggregationTemporality.CUMULATIVE, wallMs());
    const scopeMetrics = [{ scope: { name: "" }, metrics: [metric] }];
    return rewrite(serializer.serialize({ resource: emptyResource(), scopeMetrics }));
  }
  return async (families) => {
    const parts: string[] = [];
    for (const family of families) {
      let hasHead = false;
      for (const slice of cut(family)) {
        const text = serialize(family, slice);
        if (text === "") continue;
        parts.push(hasHead ? withoutHead(text) : text);
        hasHead = true;
        await setImmediate();
      }
    }
    return { contentType: CONTENT_TYPE, text: parts.join("") };
  };
}

/**
 * A family like the others. The serializer's own `target_info` comes with `# no registered metrics`, or
 * else with metrics, of which some slice would have to be the first; and see `toLabels`.
 */
function createTargetInfo(attributes: Readonly<Record<string, string>>, nowMs: number): MetricFamily {
  const labels = toLabels(attributes);
  const values = [...labels.values()];
  const family = createFamily({
    name: "target_info",
    kind: "gauge",
    unit: "1",
    description: "The service that exposes these metrics",
    labels: [...labels.keys()],
  });
  observe(openSeries(family, seriesKey(values), values, nowMs), 1);
  return family;
}

/** The series as they are now, some at a time: one that ends and begins anew must not come twice. */
function* cut(family: MetricFamily): Generator<MetricSeries[]> {
  const all = [...family.series.values()];
  const linesPerSeries = family.kind === "histogram" ? family.boundaries.length + 3 : 1;
  const size = Math.ceil(LINES_PER_SLICE / linesPerSeries);
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}

/** Without HELP and TYPE, which a family has once. No sample begins so. */
function withoutHead(text: string): string {
  let at = 0;
  while (text.startsWith("# ", at)) at = text.indexOf("\n", at) + 1;
  return text.slice(at);
}

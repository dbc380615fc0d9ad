import { OVERFLOW, toLabelValue } from "./label-values.ts";
import type { PlannedInstrument, SeriesPlan } from "./plan.ts";
import {
  addSeries,
  createFamily,
  type MetricFamily,
  type MetricSeries,
  openSeries,
  seriesKey,
} from "./series.ts";

/** Whose families are asked for; undefined: of all. */
export interface Senders {
  readonly service?: string | undefined;
  readonly instanceId?: string | undefined;
}

/**
 * What the instances of a service say together, or those of all services: the families of types that are told
 * apart by instances, with their own labels only. Counters and histograms add up, and go on when an instance
 * is forgotten; of gauges the catalogue says whether they add up. What reads `_other` is of no service or
 * instance alone, also not of one that is called so.
 */
export function serviceFamilies(
  plan: SeriesPlan,
  { service, instanceId }: Senders,
  nowMs: number,
): MetricFamily[] {
  const instruments = [...plan.types.values()]
    .filter(({ type }) => type.isPerInstance)
    .flatMap((type) => type.instruments);
  const wanted = Object.entries({ service, instance_id: instanceId })
    .filter(([, value]) => value !== undefined)
    .map(([label, value]) => [label, toLabelValue(value)] as const);
  if (wanted.some(([, text]) => text === OVERFLOW)) return [];
  return instruments.map((instrument) => mergeSeries(instrument, wanted, nowMs));
}

/** The series of one instrument, added up by its own labels. */
function mergeSeries(
  instrument: PlannedInstrument,
  wanted: readonly (readonly [label: string, text: string])[],
  nowMs: number,
): MetricFamily {
  const { definition, family, retired } = instrument;
  const { labels } = definition;
  const result = createFamily({ ...family, labels });
  for (const series of [...family.series.values(), ...retired.series.values()]) {
    if (series.count === 0 || wanted.some(([label, text]) => series.attributes[label] !== text)) continue;
    const values = labels.map((label) => series.attributes[label] ?? "");
    const merged = openSeries(result, seriesKey(values), values, nowMs);
    if (definition.kind === "gauge") mergeGauge(merged, series, definition.gauge?.together === "max");
    else addSeries(merged, series);
  }
  return result;
}

function mergeGauge(merged: MetricSeries, { value }: MetricSeries, isMaximum: boolean): void {
  if (merged.count === 0) merged.value = value;
  else merged.value = isMaximum ? Math.max(merged.value, value) : merged.value + value;
  merged.count = 1;
}

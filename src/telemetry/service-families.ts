import { OTHER, toLabelValue } from "./label-values.ts";
import { addSeries, createFamily, type Family, openSeries, type Series, seriesKey } from "./series.ts";
import type { PlannedInstrument, SeriesPlan } from "./series-plan.ts";

/**
 * What the instances of a service say together, or those of all services: the families of types that are
 * told apart by instances, with their own labels only. Counters and histograms add up, and go on when an
 * instance is forgotten; of gauges the catalogue says whether they add up. What was folded is of no service alone,
 * also not of one that is called so.
 */
export function serviceFamilies(plan: SeriesPlan, service: string | undefined, nowMs: number): Family[] {
  const instruments = [...plan.types.values()]
    .filter(({ type }) => type.isPerInstance)
    .flatMap((type) => type.instruments);
  const label = service === undefined ? undefined : toLabelValue(service);
  if (label === OTHER) return [];
  return instruments.map((instrument) => together(instrument, label, nowMs));
}

function together(instrument: PlannedInstrument, service: string | undefined, nowMs: number): Family {
  const { definition, family, retired } = instrument;
  const { labels } = definition;
  const result = createFamily({ ...family, labels });
  for (const series of [...family.series.values(), ...retired.series.values()]) {
    if (series.count === 0 || (service !== undefined && series.attributes.service !== service)) continue;
    const values = labels.map((label) => series.attributes[label] ?? "");
    const joined = openSeries(result, seriesKey(values), values, nowMs);
    if (definition.kind === "gauge") joinGauge(joined, series, definition.gauge?.together === "max");
    else addSeries(joined, series);
  }
  return result;
}

function joinGauge(joined: Series, { value }: Series, isMaximum: boolean): void {
  if (joined.count === 0) joined.value = value;
  else joined.value = isMaximum ? Math.max(joined.value, value) : joined.value + value;
  joined.count = 1;
}

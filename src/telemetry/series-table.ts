import type { InstrumentDefinition, MetricType, Reading } from "../catalogue/definition.ts";
import type { DimensionSet, Measurement } from "../catalogue/measurement.ts";
import { boundariesFor } from "./boundaries.ts";
import { type BoundLabelValue, OTHER } from "./label-values.ts";
import { createFamily, type Family, observe, openSeries, type Series, seriesKey } from "./series.ts";

/** Why a measurement did not feed an instrument: it would have to count down, or is no finite number. */
export type SkipReason = "negative" | "not_numeric";

/** Stands for a label name where the table as a whole was full. */
export const WHOLE_SERIES = "_series";

export interface SeriesTableOptions {
  readonly types: readonly MetricType[];
  /** Instruments that are left out, by name. */
  readonly without?: ReadonlySet<string>;
  /**
   * Series in all; one is a combination of label values of one instrument, so a histogram counts once
   * although it is many lines. A combination that finds too little room for the instruments of its type
   * goes into their overflow series (one more each), whose labels but `metric_type` are all `_other`:
   * totals stay true and series that exist keep counting.
   */
  readonly seriesMax: number;
  readonly secondsBoundaries: readonly number[];
  readonly boundLabelValue: BoundLabelValue;
  readonly wallMs: () => number;
  readonly onSkip: (reason: SkipReason) => void;
  /** Called for each measurement and label that became `_other`; also with `WHOLE_SERIES`. */
  readonly onFold: (label: string) => void;
}

/** The catalogue's instruments: counters, gauges and histograms per service and dimension set. */
export interface SeriesTable {
  readonly families: readonly Family[];
  /** Feed every instrument of every measurement's type. Never throws. */
  record(service: string, measurements: readonly Measurement[]): void;
}

interface Feed {
  readonly reading: Reading;
  readonly series: Series;
}

/** Where a dimension set's measurements go. */
interface Group {
  readonly feeds: readonly Feed[];
  /** The labels that read `_other`, to be counted again with each measurement. */
  readonly folded: readonly string[];
}

interface TypePlan {
  readonly instruments: readonly { readonly definition: InstrumentDefinition; readonly family: Family }[];
  /** Every label of any instrument, and which of the type's dimensions it is. */
  readonly labels: readonly { readonly label: string; readonly position: number }[];
}

export function createSeriesTable(options: SeriesTableOptions): SeriesTable {
  const { families, plans } = planFamilies(options);
  // By bounded label value, so that services without number make only so many maps. Weak, so that a
  // dimension set that ingest forgets takes its group along.
  const groupsOf = new Map<string, WeakMap<DimensionSet, Group>>();
  let seriesCount = 0;

  function openGroup(service: string, dimensions: DimensionSet): Group {
    const plan = plans.get(dimensions.type);
    if (plan === undefined) return { feeds: [], folded: [] };
    const byLabel = new Map<string, string>([
      ["service", service],
      ["metric_type", dimensions.type.name],
    ]);
    for (const { label, position } of plan.labels) {
      byLabel.set(label, options.boundLabelValue(label, dimensions.values[position]));
    }
    const rows = plan.instruments.map(({ definition, family }) => {
      const values = family.labels.map((label) => byLabel.get(label) ?? "");
      return { definition, family, values, key: seriesKey(values) };
    });
    const missing = rows.filter(({ family, key }) => !family.series.has(key)).length;
    if (seriesCount + missing > options.seriesMax) {
      options.onFold(WHOLE_SERIES);
      return overflowGroup(plan, dimensions.type, options.wallMs());
    }
    seriesCount += missing;
    return {
      feeds: rows.map(({ definition, family, values, key }) => ({
        reading: definition.records,
        series: openSeries(family, key, values, options.wallMs()),
      })),
      folded: plan.labels.map(({ label }) => label).filter((label) => byLabel.get(label) === OTHER),
    };
  }

  function record(service: string, measurements: readonly Measurement[]): void {
    const boundedService = options.boundLabelValue("service", service);
    let groups = groupsOf.get(boundedService);
    if (groups === undefined) {
      groups = new WeakMap();
      groupsOf.set(boundedService, groups);
    }
    for (const measurement of measurements) {
      let group = groups.get(measurement.dimensions);
      if (group === undefined) {
        group = openGroup(boundedService, measurement.dimensions);
        groups.set(measurement.dimensions, group);
      } else {
        for (const label of group.folded) options.onFold(label);
      }
      for (const feed of group.feeds) applyFeed(feed, measurement, options.onSkip);
    }
  }

  return { families, record };
}

function planFamilies({ types, without, secondsBoundaries }: SeriesTableOptions) {
  const families = new Map<string, Family>();
  const plans = new Map<MetricType, TypePlan>();
  for (const type of types) {
    const used = type.instruments.filter(({ name }) => !without?.has(name));
    const instruments = used.map((definition) => {
      // Several types may feed one instrument; `metric_type` keeps their series apart.
      const family = families.get(definition.name) ?? createInstrumentFamily(definition, secondsBoundaries);
      families.set(definition.name, family);
      return { definition, family };
    });
    const labels = [...new Set(used.flatMap((definition) => definition.labels))];
    plans.set(type, {
      instruments,
      labels: labels.map((label) => ({ label, position: type.dimensions.indexOf(label) })),
    });
  }
  return { families: [...families.values()], plans };
}

function createInstrumentFamily(
  definition: InstrumentDefinition,
  secondsBoundaries: readonly number[],
): Family {
  const { name, kind, unit, description } = definition;
  const labels = ["service", "metric_type", ...definition.labels];
  if (kind !== "histogram") return createFamily({ name, kind, unit, description, labels });
  const boundaries = boundariesFor(unit, secondsBoundaries);
  return createFamily({ name, kind, unit, description, labels, boundaries });
}

function overflowGroup(plan: TypePlan, type: MetricType, nowMs: number): Group {
  const feeds = plan.instruments.map(({ definition, family }) => {
    const values = family.labels.map((label) => (label === "metric_type" ? type.name : OTHER));
    const series = openSeries(family, seriesKey(values), values, nowMs);
    return { reading: definition.records, series };
  });
  return { feeds, folded: [WHOLE_SERIES] };
}

function applyFeed(
  { reading, series }: Feed,
  measurement: Measurement,
  onSkip: (reason: SkipReason) => void,
) {
  const value = read(reading, measurement);
  if (value === undefined) return;
  // NaN above all: one of it, added to a total, makes the total NaN for ever.
  if (!Number.isFinite(value)) onSkip("not_numeric");
  else if (value < 0 && series.family.kind !== "gauge") onSkip("negative");
  else observe(series, value);
}

/** The number an instrument asks for: undefined where there is none, NaN where it is not one. */
function read(reading: Reading, measurement: Measurement): number | undefined {
  switch (reading.from) {
    case "value":
      return measurement.value;
    case "duration_ms":
      return measurement.durationMs === undefined ? undefined : measurement.durationMs / 1000;
    case "metadata": {
      const found = findMetadata(reading.keys, measurement);
      return found === undefined ? undefined : toNumber(found) * reading.scale;
    }
  }
}

function findMetadata(keys: readonly string[], measurement: Measurement): unknown {
  for (const key of keys) {
    const index = measurement.metadataKeys.indexOf(key);
    // Not merely for looks: reading an array at -1 costs as much as all the rest.
    if (index === -1) continue;
    const value = measurement.metadataValues[index];
    // An empty string is what a client sends that has nothing to say; it is no broken number.
    if (value !== undefined && value !== null && value !== "") return value;
  }
  return undefined;
}

function toNumber(value: unknown): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
}

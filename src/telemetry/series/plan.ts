import type { Condition, InstrumentDefinition, MetricType } from "../../catalogue/definition.ts";
import { dimensionText } from "../../catalogue/dimension-value.ts";
import type { DimensionSet } from "../../catalogue/measurement.ts";
import { createFamily, type MetricFamily } from "./series.ts";

/**
 * Upper bounds of histogram buckets for sizes in bytes, and for anything else that is counted rather than
 * timed. Those of durations are configured (HISTOGRAM_BUCKET_BOUNDARIES).
 */
export const SIZE_BOUNDARIES: readonly number[] = [10, 100, 1e3, 1e4, 1e5, 1e6, 1e7];

/** An instrument of the catalogue with its series. */
export interface PlannedInstrument {
  readonly definition: InstrumentDefinition;
  readonly family: MetricFamily;
  /**
   * What counters and histograms of instances that are gone had come to, by service and own labels. It is
   * exported nowhere by itself; a service's totals count it in.
   */
  readonly retired: MetricFamily;
}

/** The instruments that a metric type feeds. */
export interface TypePlan {
  readonly type: MetricType;
  readonly instruments: readonly PlannedInstrument[];
  /** Whether a value of 0 may mean that a series ends. */
  readonly endsAtZero: boolean;
}

/** What is derived from the catalogue once, at the start. */
export interface SeriesPlan {
  /** Each once, in the order of the catalogue. */
  readonly families: readonly MetricFamily[];
  readonly types: ReadonlyMap<MetricType, TypePlan>;
}

export interface SeriesPlanOptions {
  /** Of the catalogue. */
  readonly types: readonly MetricType[];
  /** Instruments that are left out, by name. */
  readonly without?: ReadonlySet<string>;
  /** Of histograms of durations: ascending upper bounds in seconds. */
  readonly secondsBoundaries: readonly number[];
}

/** The families of the catalogue's instruments, and what each type feeds. */
export function planSeries({ types, without, secondsBoundaries }: SeriesPlanOptions): SeriesPlan {
  const families = new Map<string, MetricFamily>();
  const plans = new Map<MetricType, TypePlan>();
  for (const type of types) {
    const used = type.instruments.filter(({ name }) => !without?.has(name));
    const instruments = used.map((definition): PlannedInstrument => {
      const sender = type.isPerInstance ? ["service", "instance_id"] : ["service", "metric_type"];
      // Several types may feed one instrument; `metric_type` keeps their series apart.
      const known = families.get(definition.name);
      const family = known ?? createLabelled(definition, sender, secondsBoundaries);
      families.set(definition.name, family);
      return { definition, family, retired: createLabelled(definition, ["service"], secondsBoundaries) };
    });
    const endsAtZero = instruments.some(({ definition }) => definition.gauge?.endsAtZero);
    plans.set(type, { type, instruments, endsAtZero });
  }
  return { families: [...families.values()], types: plans };
}

function createLabelled(
  definition: InstrumentDefinition,
  sender: readonly string[],
  secondsBoundaries: readonly number[],
): MetricFamily {
  const { name, kind, unit, description, boundaries } = definition;
  const labels = [...sender, ...definition.labels];
  if (kind !== "histogram") return createFamily({ name, kind, unit, description, labels });
  const bounds = boundaries ?? (unit === "s" ? secondsBoundaries : SIZE_BOUNDARIES);
  return createFamily({ name, kind, unit, description, labels, boundaries: bounds });
}

/** The instruments that metrics with these dimensions feed. */
export function fedBy({ instruments }: TypePlan, dimensions: DimensionSet): readonly PlannedInstrument[] {
  return instruments.filter(({ definition }) =>
    (definition.when ?? []).every((condition) => holds(condition, dimensions)),
  );
}

/** A dimension that was not sent has the text null. */
function holds(condition: Condition, dimensions: DimensionSet): boolean {
  const text = dimensionText(
    dimensions.type,
    condition.dimension,
    sentValue(dimensions, condition.dimension),
  );
  return "is" in condition ? text === condition.is : (text !== null) === condition.isSent;
}

/** The value of a dimension of the set's type; undefined where it was not sent. */
export function sentValue({ type, values }: DimensionSet, name: string) {
  return values[type.dimensions.indexOf(name)];
}

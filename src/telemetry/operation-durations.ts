import { METRIC_TYPES } from "../catalogue/catalogue.ts";
import type { MetricType } from "../catalogue/definition.ts";
import { dimensionText } from "../catalogue/dimension-value.ts";
import type { DimensionSet, Measurement, Scalar } from "../catalogue/measurement.ts";
import {
  ERROR_OTHER,
  INSTRUMENT_DIMENSION,
  OPERATION_ATTRIBUTES,
  OPERATION_BOUNDARIES,
  OPERATION_INSTRUMENTS,
  OPERATION_TYPES,
  type OperationType,
  type Side,
} from "../catalogue/operations.ts";
import { type BoundLabelValue, OTHER, UNSET } from "./label-values.ts";
import { createFamily, type Family, observe, openSeries, type Series, seriesKey } from "./series.ts";
import { sentValue } from "./series-plan.ts";
import { type Sender, WHOLE_SERIES } from "./series-table.ts";

export interface OperationDurationsOptions {
  /**
   * Series of both sides together. What finds no room goes into overflow series, whose attributes are all
   * `_other`: one for what went well and one for what failed, of each side.
   */
  readonly seriesMax: number;
  readonly boundLabelValue: BoundLabelValue;
  readonly wallMs: () => number;
  /** Called for each measurement and attribute that became `_other`; also with `WHOLE_SERIES`. */
  readonly onFold: (label: string) => void;
}

/** The durations of MCP operations, as the semantic conventions name them. */
export interface OperationDurations {
  readonly families: readonly Family[];
  /** Observe those that are operations and have a duration. Never throws. */
  record(sender: Sender, measurements: readonly Measurement[]): void;
}

/** Where measurements with the same dimensions, sender, side and error go. */
interface Slot {
  readonly series: Series;
  /** The attributes that read `_other`, to be counted again with each measurement. */
  readonly folded: readonly string[];
}

const { method: METHOD, tool: TOOL, error: ERROR } = OPERATION_ATTRIBUTES;
/** `error.type` is absent where nothing failed. */
const NO_ERROR = "";

export function createOperationDurations(options: OperationDurationsOptions): OperationDurations {
  const { boundLabelValue, onFold } = options;
  const families = { server: createSide("server"), client: createSide("client") };
  const operations = operationsByType();
  // Weak, so that a dimension set that ingest forgets takes its slots along. They are as many as bounded
  // values of service and error.
  const slotsOf = new WeakMap<DimensionSet, Map<string, Slot>>();
  let seriesCount = 0;

  function openSlot(
    service: string,
    { method, tool }: OperationType,
    { dimensions }: Measurement,
    family: Family,
    error: string,
  ): Slot {
    const methodText = boundLabelValue(METHOD, sentValue(dimensions, method));
    const toolText = boundLabelValue(TOOL, sentValue(dimensions, tool));
    const failure = error === NO_ERROR ? undefined : error;
    const values = [service, methodText, toolText === UNSET ? undefined : toolText, failure];
    const isNew = !family.series.has(seriesKey(values));
    if (isNew && seriesCount >= options.seriesMax) {
      onFold(WHOLE_SERIES);
      const overflow = [OTHER, OTHER, OTHER, failure && ERROR_OTHER];
      return { series: open(family, overflow), folded: [WHOLE_SERIES] };
    }
    if (isNew) seriesCount += 1;
    const folded = [METHOD, TOOL].filter((_, index) => values[index + 1] === OTHER);
    return { series: open(family, values), folded };
  }

  function open(family: Family, values: readonly (string | undefined)[]): Series {
    return openSeries(family, seriesKey(values), values, options.wallMs());
  }

  function errorOf({ error }: OperationType, measurement: Measurement): string {
    if (!hasFailed(measurement.dimensions)) return NO_ERROR;
    const found = measurement.metadataValues[measurement.metadataKeys.indexOf(error)];
    const text = boundLabelValue(ERROR, isScalar(found) ? found : undefined);
    return text === UNSET || text === OTHER ? ERROR_OTHER : text;
  }

  function record({ service }: Sender, measurements: readonly Measurement[]): void {
    const boundedService = boundLabelValue("service", service);
    for (const measurement of measurements) {
      const operation = operations.get(measurement.dimensions.type);
      if (operation === undefined || measurement.durationMs === undefined) continue;
      const family = families[sideOf(operation, measurement)];
      const error = errorOf(operation, measurement);
      const key = seriesKey([boundedService, family.name, error]);
      const slots = slotsOf.get(measurement.dimensions) ?? new Map<string, Slot>();
      slotsOf.set(measurement.dimensions, slots);
      const known = slots.get(key);
      for (const label of known?.folded ?? []) onFold(label);
      const slot = known ?? openSlot(boundedService, operation, measurement, family, error);
      slots.set(key, slot);
      observe(slot.series, measurement.durationMs / 1000);
    }
  }

  return { families: Object.values(families), record };
}

function createSide(side: Side): Family {
  const labels = ["service", METHOD, TOOL, ERROR];
  const boundaries = OPERATION_BOUNDARIES;
  return createFamily({ ...OPERATION_INSTRUMENTS[side], kind: "histogram", unit: "s", labels, boundaries });
}

function operationsByType(): ReadonlyMap<MetricType, OperationType> {
  const byName = new Map(OPERATION_TYPES.map((operation) => [operation.type, operation]));
  const operations = new Map<MetricType, OperationType>();
  for (const type of METRIC_TYPES) {
    const operation = byName.get(type.name);
    if (operation !== undefined) operations.set(type, operation);
  }
  return operations;
}

function sideOf({ side }: OperationType, { otherKeys, otherValues }: Measurement): Side {
  const index = otherKeys.indexOf(INSTRUMENT_DIMENSION);
  if (index === -1) return side;
  const name = otherValues[index];
  if (name === OPERATION_INSTRUMENTS.client.name) return "client";
  return name === OPERATION_INSTRUMENTS.server.name ? "server" : side;
}

function hasFailed(dimensions: DimensionSet): boolean {
  const { type } = dimensions;
  const { success } = type.commonNames;
  return success !== undefined && dimensionText(type, success, sentValue(dimensions, success)) === "false";
}

function isScalar(value: unknown): value is Scalar {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

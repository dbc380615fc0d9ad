import { METRIC_TYPES } from "../catalogue/catalogue.ts";
import type { MetricType } from "../catalogue/definition.ts";
import { dimensionText, outcomeOf } from "../catalogue/dimension-value.ts";
import type { DimensionSet, DimensionValue, Measurement } from "../catalogue/measurement.ts";
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
import { OTHER, UNSET } from "./label-values.ts";
import { distributionOf } from "./observations.ts";
import { createFamily, type Family, observe, observeAll, type Series, seriesKey } from "./series.ts";
import { sentValue } from "./series-plan.ts";
import type { SeriesStore } from "./series-store.ts";
import { type Sender, WHOLE_SERIES } from "./series-table.ts";

/**
 * What finds no room in `store` goes into overflow series, whose attributes are all `_other`: one for what
 * went well and one for what failed, of each side.
 */
export interface OperationDurationsOptions {
  readonly store: SeriesStore;
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

export function createOperationDurations({ store, onFold }: OperationDurationsOptions): OperationDurations {
  const { bound } = store.labels;
  const families = { server: createSide("server"), client: createSide("client") };
  const operations = operationsByType();
  // Weak, so that a dimension set that ingest forgets takes its slots along. They are as many as bounded
  // values of service and error.
  const slotsOf = new WeakMap<DimensionSet, Map<string, Slot>>();

  function openSlot(
    { method, tool }: OperationType,
    dimensions: DimensionSet,
    family: Family,
    service: string,
    error: string,
  ): Slot {
    const methodText = bound(METHOD, "is" in method ? method.is : sentValue(dimensions, method.dimension));
    const toolText = tool === undefined ? UNSET : bound(TOOL, sentValue(dimensions, tool));
    const failure = error === NO_ERROR ? undefined : error;
    const texts = [service, methodText, toolText === UNSET ? undefined : toolText, failure];
    if (store.find(family, texts) === undefined && !store.hasRoomFor(1)) {
      for (const [index, label] of family.labels.entries()) store.forgetUnused(label, texts[index] ?? UNSET);
      onFold(WHOLE_SERIES);
      const overflow = [OTHER, OTHER, OTHER, failure && ERROR_OTHER];
      return { series: store.open(family, overflow), folded: [WHOLE_SERIES] };
    }
    const folded = [METHOD, TOOL].filter((_, index) => texts[index + 1] === OTHER);
    return { series: store.open(family, texts), folded };
  }

  function errorOf({ error }: OperationType, measurement: Measurement): string {
    if (!hasFailed(measurement.dimensions)) return NO_ERROR;
    const text = bound(ERROR, error && readError(error, measurement));
    return text === UNSET || text === OTHER ? ERROR_OTHER : text;
  }

  function record(sender: Sender, measurements: readonly Measurement[]): void {
    const service = bound("service", sender.service);
    for (const measurement of measurements) {
      const { dimensions, durationMs } = measurement;
      const operation = operations.get(dimensions.type);
      if (operation === undefined || durationMs === undefined) continue;
      const family = families[sideOf(operation, measurement)];
      const error = errorOf(operation, measurement);
      const key = seriesKey([service, family.name, error]);
      const slots = slotsOf.get(dimensions) ?? new Map<string, Slot>();
      slotsOf.set(dimensions, slots);
      const known = slots.get(key);
      for (const label of known?.folded ?? []) onFold(label);
      const slot = known ?? openSlot(operation, dimensions, family, service, error);
      slots.set(key, slot);
      const distribution = distributionOf(measurement, { from: "duration_ms" });
      if (distribution === undefined) observe(slot.series, durationMs / 1000);
      else observeAll(slot.series, { ...distribution, sum: durationMs / 1000 });
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
  if (success === undefined) return false;
  return outcomeOf(type, dimensionText(type, success, sentValue(dimensions, success)))?.isSuccess === false;
}

function readError(
  from: NonNullable<OperationType["error"]>,
  measurement: Measurement,
): DimensionValue | undefined {
  if ("dimension" in from) return sentValue(measurement.dimensions, from.dimension);
  const found = measurement.metadataValues[measurement.metadataKeys.indexOf(from.metadata)];
  return isScalar(found) ? found : undefined;
}

function isScalar(value: unknown): value is DimensionValue {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

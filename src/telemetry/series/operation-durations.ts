import { METRIC_TYPES } from "../../catalogue/catalogue.ts";
import type { MetricType } from "../../catalogue/definition.ts";
import { dimensionText, outcomeOf } from "../../catalogue/dimension-value.ts";
import {
  ERROR_OTHER,
  INSTRUMENT_DIMENSION,
  OPERATION_ATTRIBUTES,
  OPERATION_BOUNDARIES,
  OPERATION_INSTRUMENTS,
  OPERATION_TYPES,
  type OperationType,
  type Side,
} from "../../catalogue/mcp-operations.ts";
import type { DimensionSet, DimensionValue, Measurement } from "../../catalogue/measurement.ts";
import { isIdle, type SeriesStore } from "./bounded-series.ts";
import { OVERFLOW, UNSET } from "./label-values.ts";
import { sentValue } from "./plan.ts";
import { observedDistribution } from "./recorded-value.ts";
import {
  createFamily,
  type MetricFamily,
  type MetricSeries,
  observe,
  observeAll,
  seriesKey,
} from "./series.ts";
import { WHOLE_SERIES } from "./table.ts";
import type { Report, Tenant } from "./tenants.ts";

/** What finds no room in `store` goes into overflow series: see `createOperationDurations`. */
export interface OperationDurationsOptions {
  /** Shared with the series table, so that both have one limit. */
  readonly store: SeriesStore;
  /** Called for each measurement and attribute that became `_other`; also with `WHOLE_SERIES`. */
  readonly onOverflow: (label: string) => void;
}

/**
 * The durations of MCP operations, as the semantic conventions name them
 * (https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/): `mcp.server.operation.duration` and its like of
 * the client, in seconds.
 */
export interface OperationDurations {
  readonly families: readonly MetricFamily[];
  /** Observe those that are operations and have a duration. Never throws. */
  record(report: Report, measurements: readonly Measurement[]): void;
  /** End series in which nothing was recorded for a day. */
  endIdle(nowMs: number): void;
}

/** The series that measurements with the same dimensions, sender, side and error go to. */
interface BoundHistogram {
  readonly series: MetricSeries;
  /** The attributes that read `_other`, to be counted again with each measurement. */
  readonly overflowed: readonly string[];
}

const { method: METHOD, tool: TOOL, error: ERROR } = OPERATION_ATTRIBUTES;
/** `error.type` is absent where nothing failed. */
const NO_ERROR = "";

/**
 * Two histograms, one a side, fed by the metric types that are operations. What finds no room goes into
 * overflow series of its service, whose other attributes are all `_other`: one for what went well and one for
 * what failed, of each side.
 */
export function createOperationDurations({
  store,
  onOverflow,
}: OperationDurationsOptions): OperationDurations {
  const families = { server: createSide("server"), client: createSide("client") };
  const operations = operationsByType();
  // Weak, so that a dimension set that ingest forgets takes its series along. By tenant, side and error, whose
  // values are bounded.
  let boundOf = new WeakMap<DimensionSet, Map<string, BoundHistogram>>();

  function bind(
    { method, tool }: OperationType,
    dimensions: DimensionSet,
    family: MetricFamily,
    tenant: Tenant,
    error: string,
  ): BoundHistogram {
    const bound = store.labels.bound.bind(store.labels, tenant.name);
    const methodText = bound(METHOD, "is" in method ? method.is : sentValue(dimensions, method.dimension));
    const toolText = tool === undefined ? UNSET : bound(TOOL, sentValue(dimensions, tool));
    const failure = error === NO_ERROR ? undefined : error;
    const texts = [tenant.service, methodText, toolText === UNSET ? undefined : toolText, failure];
    if (store.find(family, texts) === undefined && !store.hasRoomFor(tenant, 1)) {
      for (const [index, label] of family.labels.entries())
        store.forgetUnused(tenant, label, texts[index] ?? UNSET);
      onOverflow(WHOLE_SERIES);
      const overflow = [tenant.service, OVERFLOW, OVERFLOW, failure && ERROR_OTHER];
      return { series: store.open(family, overflow, tenant), overflowed: [WHOLE_SERIES] };
    }
    const overflowed = [METHOD, TOOL].filter((_, index) => texts[index + 1] === OVERFLOW);
    return { series: store.open(family, texts, tenant), overflowed };
  }

  function errorOf({ error }: OperationType, measurement: Measurement, tenant: Tenant): string {
    if (!hasFailed(measurement.dimensions)) return NO_ERROR;
    const text = store.labels.bound(tenant.name, ERROR, error && readError(error, measurement));
    return text === UNSET || text === OVERFLOW ? ERROR_OTHER : text;
  }

  function record({ tenant, reportedMs }: Report, measurements: readonly Measurement[]): void {
    for (const measurement of measurements) {
      const { dimensions, durationMs } = measurement;
      const operation = operations.get(dimensions.type);
      if (operation === undefined || durationMs === undefined) continue;
      const family = families[sideOf(operation, measurement)];
      const error = errorOf(operation, measurement, tenant);
      const key = seriesKey([tenant.name, family.name, error]);
      const byKey = boundOf.get(dimensions) ?? new Map<string, BoundHistogram>();
      boundOf.set(dimensions, byKey);
      const known = byKey.get(key);
      for (const label of known?.overflowed ?? []) onOverflow(label);
      const target = known ?? bind(operation, dimensions, family, tenant, error);
      byKey.set(key, target);
      target.series.seenMs = reportedMs;
      const distribution = observedDistribution(measurement, { from: "duration_ms" });
      if (distribution === undefined) observe(target.series, durationMs / 1000);
      else observeAll(target.series, { ...distribution, sum: durationMs / 1000 });
    }
  }

  function endIdle(nowMs: number): void {
    const endedBefore = store.ended;
    for (const { series } of Object.values(families))
      for (const each of series.values()) if (isIdle(each, nowMs)) store.end(each);
    if (store.ended !== endedBefore) boundOf = new WeakMap();
  }

  return { families: Object.values(families), record, endIdle };
}

function createSide(side: Side): MetricFamily {
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

/** An SDK names the instrument it measured with; others are on the side that their type says. */
function sideOf({ side }: OperationType, { otherKeys, otherValues }: Measurement): Side {
  const index = otherKeys.indexOf(INSTRUMENT_DIMENSION);
  if (index === -1) return side;
  const name = otherValues[index];
  if (name === OPERATION_INSTRUMENTS.client.name) return "client";
  return name === OPERATION_INSTRUMENTS.server.name ? "server" : side;
}

/** Whether the catalogue takes its success, under any spelling, for a failure. */
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

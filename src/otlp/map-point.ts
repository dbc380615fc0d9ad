import type { SubmittedMetric } from "../ingest/submission.ts";
import type { Attributes } from "./attributes.ts";
import type { DataPoint, Instrument, Reading, Refusal } from "./data-point.ts";
import {
  ERROR_FIELD,
  INSTRUMENTS,
  type InstrumentMapping,
  NAME_DIMENSION,
  TIME_UNITS_MS,
} from "./mapping.ts";

/** How the points of an instrument are stored. */
export interface Plan {
  readonly type: string;
  readonly value: InstrumentMapping["value"];
  /** Of a histogram of durations: its unit in ms. */
  readonly unitMs: number | undefined;
}

const CUSTOM: InstrumentMapping = { type: "custom", value: "amount", attributes: [] };

function mappingOf({ name, unit }: Instrument, kind: Reading["kind"]): InstrumentMapping {
  if (kind === "sum") return INSTRUMENTS.sum.get(name) ?? CUSTOM;
  if (kind !== "histogram" && kind !== "exponential histogram") return CUSTOM;
  const isTime = TIME_UNITS_MS.has(unit);
  return (
    (isTime ? INSTRUMENTS.histogram.get(name) : undefined) ?? {
      ...CUSTOM,
      value: isTime ? "count" : "amount",
    }
  );
}

export function planOf(instrument: Instrument, kind: Reading["kind"]): Plan {
  const { type, value } = mappingOf(instrument, kind);
  const isHistogram = kind === "histogram" || kind === "exponential histogram";
  return { type, value, unitMs: isHistogram ? TIME_UNITS_MS.get(instrument.unit) : undefined };
}

/** The metric a point becomes, but for its value. */
export function mapPoint(point: DataPoint): SubmittedMetric | Refusal {
  const { instrument, timeNs, reading } = point;
  const mapping = mappingOf(instrument, reading.kind);
  const nameDimension = mapping.type === "custom" ? NAME_DIMENSION.custom : NAME_DIMENSION.other;
  const dimensions = new Map<string, unknown>([[nameDimension, instrument.name]]);
  const mapped = new Set<string>();
  for (const { attribute, dimension } of mapping.attributes) {
    if (dimensions.has(dimension) || !point.attributes.has(attribute)) continue;
    dimensions.set(dimension, point.attributes.get(attribute));
    mapped.add(attribute);
  }
  const { errorAttribute } = mapping;
  const error = errorAttribute === undefined ? undefined : point.attributes.get(errorAttribute);
  if (errorAttribute !== undefined) {
    dimensions.set("success", error === undefined);
    mapped.add(errorAttribute);
  }
  const clash = addUnderOwnNames(dimensions, point.attributes, mapped);
  if (clash !== undefined) return clash;
  return {
    type: mapping.type,
    ...(timeNs !== 0n && { timestamp: new Date(Number(timeNs / 1_000_000n)) }),
    dimensions: Object.fromEntries(dimensions),
    metadata: error === undefined ? undefined : { [ERROR_FIELD]: error },
  };
}

function addUnderOwnNames(
  dimensions: Map<string, unknown>,
  attributes: Attributes,
  except: ReadonlySet<string>,
): Refusal | undefined {
  for (const [attribute, value] of attributes) {
    if (except.has(attribute)) continue;
    const dimension = dimensionName(attribute);
    if (dimensions.has(dimension)) {
      const message = `several attributes are the dimension "${dimension}"`;
      return { field: "attributes", reason: "ambiguous", message };
    }
    dimensions.set(dimension, value);
  }
  return undefined;
}

/** `http.request.method` → `http_request_method`, as a dimension may be called. */
function dimensionName(attribute: string): string {
  const name = attribute.replace(/[^A-Za-z0-9_]/g, "_");
  return /^[0-9]/.test(name) ? `_${name}` : name;
}

import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs, type ValueSchema } from "@bufbuild/protobuf/wkt";
import {
  DataSource,
  type EventSchema,
  type Filter,
  FilterOperator,
  type SourceUseSchema,
  type TimeRange,
} from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import type { StoredEvent } from "../../api/query/events.ts";
import type { SeriesAnswer } from "../../api/query/query-series.ts";
import type { FilterRequest, SelectionRequest } from "../../api/query/selection.ts";
import { findMetricType } from "../../catalogue/catalogue.ts";
import { isSuccess } from "../../catalogue/dimension-value.ts";
import { isRecord } from "../../lib/json.ts";
import { toMs } from "./times.ts";

/** Without the unspecified one: JSON with an operator we do not know arrives as that. */
const FROM_OPERATOR: Readonly<Record<number, FilterRequest["operator"]>> = {
  [FilterOperator.EQUALS]: "equals",
  [FilterOperator.NOT_EQUALS]: "not_equals",
  [FilterOperator.IN]: "in",
  [FilterOperator.NOT_IN]: "not_in",
};

/** Every source has its word on the wire. */
const TO_SOURCE: Readonly<Record<SeriesAnswer["sources"][number]["source"], DataSource>> = {
  raw: DataSource.RAW,
  hourly: DataSource.HOURLY,
  daily: DataSource.DAILY,
  deleted: DataSource.DELETED,
};

/** What every query's message says of its metrics. */
interface SelectionMessage {
  /** Metric types; none: all. */
  readonly types: readonly string[];
  /** Absent: the last hour. */
  readonly range?: TimeRange | undefined;
  /** All must hold. */
  readonly filters: readonly Filter[];
}

/** The metrics that a message asks about, not yet checked. */
export function fromSelection({ types, range, filters }: SelectionMessage): SelectionRequest {
  return {
    types,
    range: { startMs: toMs(range?.start), endMs: toMs(range?.end) },
    filters: filters.map(({ dimension, operator, values }) => ({
      dimension,
      operator: FROM_OPERATOR[operator],
      values,
    })),
  };
}

/** The last millisecond of the year 9999: JSON has no timestamp after it. */
const LAST_MS = 253_402_300_799_999;

/** A range that whole steps widen beyond the year 9999 ends with it: nothing happens later. */
export function toRange({ startMs, endMs }: SeriesAnswer["range"]) {
  return { start: timestampFromMs(startMs), end: timestampFromMs(Math.min(endMs, LAST_MS)) };
}

/** Which table answered which part of the range. */
export function toSources(sources: SeriesAnswer["sources"]): MessageInitShape<typeof SourceUseSchema>[] {
  return sources.map(({ types, source, range }) => ({
    types: [...types],
    source: TO_SOURCE[source],
    range: toRange(range),
  }));
}

/** A metric as it was submitted. */
export function toEvent(event: StoredEvent): MessageInitShape<typeof EventSchema> {
  const dimensions = JSON.parse(event.dimensions);
  const type = findMetricType(event.type);
  const success = type && isSuccess(type, dimensions);
  return {
    id: BigInt(event.id),
    requestId: `req_${event.request}`,
    service: event.service,
    version: event.version,
    instanceId: event.instanceId,
    type: event.type,
    timestamp: timestampFromMs(event.timestampMs),
    value: event.value,
    ...(event.durationMs !== undefined && { durationMs: event.durationMs }),
    dimensions: toValues(dimensions),
    metadata: toValues(JSON.parse(event.metadata)),
    receivedAt: timestampFromMs(event.receivedMs),
    count: BigInt(event.count),
    ...(success !== undefined && { success }),
  };
}

/** What google.protobuf.Value is made from. */
type ValueInit = MessageInitShape<typeof ValueSchema>;

/** The fields of an object as google.protobuf.Struct holds them. */
function toValues(fields: Readonly<Record<string, unknown>>): Record<string, ValueInit> {
  const values: Record<string, ValueInit> = {};
  for (const [key, value] of Object.entries(fields)) {
    // Assigning to `__proto__` would set the prototype and lose the entry.
    if (key === "__proto__") Object.defineProperty(values, key, { value: toValue(value), enumerable: true });
    else values[key] = toValue(value);
  }
  return values;
}

/** Recursion is bounded: a metadata value has at most 1000 characters. */
function toValue(value: unknown): ValueInit {
  if (typeof value === "string") return { kind: { case: "stringValue", value } };
  if (typeof value === "number") return { kind: { case: "numberValue", value } };
  if (typeof value === "boolean") return { kind: { case: "boolValue", value } };
  if (Array.isArray(value)) return { kind: { case: "listValue", value: { values: value.map(toValue) } } };
  if (isRecord(value)) return { kind: { case: "structValue", value: { fields: toValues(value) } } };
  return { kind: { case: "nullValue", value: 0 } };
}

import type { EventRow } from "../../store/queries.ts";
import {
  asColumns,
  type Column,
  DISTRIBUTIONS,
  exact,
  exactNumber,
  type Integers,
  readColumns,
  readDistributions,
} from "./columns.ts";
import type { QueryContext } from "./run-aggregate.ts";

/** The request number is read as the 16 hex digits that SQL users see: a double holds 53 of its 64 bits. */
const COLUMNS = [
  "id",
  "ts",
  "source_id",
  "dimension_set_id",
  "request >> 19",
  "printf('%016x', request)",
  exact("value"),
  exact("duration_ms"),
  "shape_id",
  "payload",
];
const EVENTS = `SELECT ${asColumns(COLUMNS)}, ${DISTRIBUTIONS} FROM measurements
  WHERE id IN (SELECT value FROM json_each(?))`;

/**
 * The measurements of these ids, as they were submitted, in no order; ids whose row is gone are left out. A
 * measurement that stands for several has their count, and its duration is their mean.
 */
export function readEvents(
  { database, dictionaries }: QueryContext,
  ids: readonly number[],
): readonly EventRow[] {
  const { sources, dimensionSets, shapes } = dictionaries;
  const found = database.first(EVENTS, JSON.stringify(ids));
  const columns = readColumns(found, COLUMNS.length);
  const distributions = readDistributions(found);
  const [rowIds = [], timestampsMs = [], sourceIds = [], setIds = [], seconds = []] = columns as Integers[];
  const [requests = [], values = [], durations = [], shapeIds = [], payloads = []] = columns.slice(5);
  sources.load(sourceIds);
  dimensionSets.load(setIds);
  shapes.load(shapeIds.flatMap((id) => (id === null ? [] : [Number(id)])));
  return rowIds.map((id, index) => {
    const { service, version, instanceId } = sources.get(sourceIds[index] ?? 0);
    const { type, json } = dimensionSets.get(setIds[index] ?? 0);
    const count = distributions.get(id)?.count ?? 1;
    const durationMs = exactNumber(durations[index]) / count;
    return {
      id,
      request: String(requests[index]),
      receivedMs: (seconds[index] ?? 0) * 1000,
      service,
      version,
      instanceId,
      type,
      timestampMs: timestampsMs[index] ?? 0,
      value: exactNumber(values[index]),
      durationMs: Number.isNaN(durationMs) ? undefined : durationMs,
      count,
      ...fieldsOf(shapeIds[index], payloads[index], json),
    };
  });

  function fieldsOf(
    shapeId: Column[number] | undefined,
    payload: Column[number] | undefined,
    dimensions: string,
  ): Pick<EventRow, "dimensions" | "metadata"> {
    if (typeof shapeId !== "number") return { dimensions, metadata: "{}" };
    const { dimensionKeys, metadataKeys } = shapes.get(shapeId);
    const values = JSON.parse(String(payload)) as unknown[];
    const others = objectJson(dimensionKeys, values.slice(0, dimensionKeys.length));
    return {
      dimensions: others === "{}" ? dimensions : joinObjects(dimensions, others),
      metadata: objectJson(metadataKeys, values.slice(dimensionKeys.length)),
    };
  }
}

/** Lengths stand in the head of a row: the texts themselves are not read for them. */
const LENGTH_COLUMNS = ["id", "dimension_set_id", "shape_id", "coalesce(octet_length(payload), 0)"];
const LENGTHS = `SELECT ${asColumns(LENGTH_COLUMNS)} FROM measurements
  WHERE id IN (SELECT value FROM json_each(?))`;

/** Of an event, besides what its sender chose the length of: numbers, times, names. */
const EVENT_BYTES = 300;

/**
 * How many of the first measurements of `ids` have at most `bytesMax` bytes of text together; at least one, so
 * that whoever asks again gets on.
 */
export function countFitting(
  { database, dictionaries }: QueryContext,
  ids: readonly number[],
  bytesMax: number,
): number {
  const { dimensionSets, shapes } = dictionaries;
  const columns = readColumns(database.first(LENGTHS, JSON.stringify(ids)), LENGTH_COLUMNS.length);
  const [rowIds = [], setIds = [], shapeIds = [], lengths = []] = columns as Integers[];
  dimensionSets.load(setIds);
  shapes.load(shapeIds.filter((id) => id !== null));
  const bytes = new Map(
    rowIds.map((id, index) => {
      const shapeId: number | null = shapeIds[index] ?? null;
      const keys = shapeId === null ? 0 : shapes.get(shapeId).bytes;
      return [
        id,
        EVENT_BYTES + dimensionSets.get(setIds[index] ?? 0).json.length + keys + (lengths[index] ?? 0),
      ];
    }),
  );
  let left = bytesMax;
  const end = ids.findIndex((id) => {
    left -= bytes.get(id) ?? 0;
    return left < 0;
  });
  return end === -1 ? ids.length : Math.max(end, 1);
}

/**
 * JSON of an object, written without making it: `__proto__` is a key like any other, and repeated keys stay.
 */
function objectJson(keys: readonly string[], values: readonly unknown[]): string {
  return `{${keys.map((key, index) => `${JSON.stringify(key)}:${JSON.stringify(values[index] ?? null)}`).join(",")}}`;
}

function joinObjects(first: string, second: string): string {
  return first === "{}" ? second : `${first.slice(0, -1)},${second.slice(1)}`;
}

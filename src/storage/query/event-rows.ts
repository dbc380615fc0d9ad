import type { EventRow } from "./query.ts";
import { exact, exactOrNull, type JsonRow, parseRows } from "./rows-json.ts";
import type { QueryContext } from "./run-aggregate.ts";

/** The request number is written as SQL shows it, which a double could not hold for ever. */
const EVENTS = `
  SELECT json_group_array(json_array(
    id, ts, source_id, dimension_set_id, printf('%016x', request), request >> 19,
    ${exact("value")}, ${exactOrNull("duration_ms")}, shape_id, payload
  )) AS found FROM measurements WHERE id IN (SELECT value FROM json_each(?))`;

/** The measurements of these ids, as they were submitted, in no order. */
export function readEvents(
  { database, dictionaries }: QueryContext,
  ids: readonly number[],
): readonly EventRow[] {
  const { sources, dimensionSets, shapes } = dictionaries;
  const rows = parseRows(database.first(EVENTS, JSON.stringify(ids))?.found);
  sources.load(rows.map((row) => Number(row[2])));
  dimensionSets.load(rows.map((row) => Number(row[3])));
  shapes.load(rows.flatMap((row) => (row[8] === null ? [] : [Number(row[8])])));
  return rows.map((row) => {
    const { service, version, instanceId } = sources.get(Number(row[2]));
    const { type, json } = dimensionSets.get(Number(row[3]));
    return {
      id: Number(row[0]),
      request: String(row[4]),
      receivedMs: Number(row[5]) * 1000,
      service,
      version,
      instanceId,
      type,
      timestampMs: Number(row[1]),
      value: Number(row[6]),
      durationMs: row[7] === null ? undefined : Number(row[7]),
      ...fieldsOf(row, json),
    };
  });

  function fieldsOf(row: JsonRow, dimensions: string): Pick<EventRow, "dimensions" | "metadata"> {
    if (row[8] === null) return { dimensions, metadata: "{}" };
    const { dimensionKeys, metadataKeys } = shapes.get(Number(row[8]));
    const values = JSON.parse(String(row[9])) as unknown[];
    const others = objectJson(dimensionKeys, values.slice(0, dimensionKeys.length));
    return {
      dimensions: others === "{}" ? dimensions : joinObjects(dimensions, others),
      metadata: objectJson(metadataKeys, values.slice(dimensionKeys.length)),
    };
  }
}

/** Written by hand, so that a key `__proto__` is a key like any other. */
function objectJson(keys: readonly string[], values: readonly unknown[]): string {
  return `{${keys.map((key, index) => `${JSON.stringify(key)}:${JSON.stringify(values[index] ?? null)}`).join(",")}}`;
}

function joinObjects(first: string, second: string): string {
  return first === "{}" ? second : `${first.slice(0, -1)},${second.slice(1)}`;
}

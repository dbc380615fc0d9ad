/** Cells of a table whose columns hold any type: SQL stores what the predecessor's clients sent. */
import { readTimestamp } from "../ingest/parse-timestamp.ts";
import { isRecord } from "../lib/json.ts";
import type { LegacyValue } from "../sqlite/legacy/legacy-columns.ts";
import type { LegacyMetric } from "../sqlite/legacy/legacy-source.ts";

/** Both mean that nothing was sent. */
export function isEmpty(value: LegacyValue): value is null | "" {
  return value === null || value === "";
}

/** A cell as text: columns of text may hold numbers, and null is the empty text. */
export function textOf(value: LegacyValue): string {
  return value === null ? "" : String(value);
}

/** When the predecessor stored a row, or else when it happened; in ms since 1970 UTC. */
export function createdMsOf({ createdAt, timestamp }: LegacyMetric): number {
  return readTimestamp(createdAt) ?? readTimestamp(timestamp) ?? 0;
}

/** Booleans in the spellings of databases (1, 0) and of Python (True, False); undefined for anything else. */
export function booleanOf(value: LegacyValue): boolean | undefined {
  const text = String(value).toLowerCase();
  if (text === "1" || text === "true") return true;
  return text === "0" || text === "false" ? false : undefined;
}

/**
 * The JSON object of a column; anything else counts as an empty one. An object or list inside a dimension is
 * kept as its JSON text, since dimensions are scalars. Both are added to `leftOut`.
 */
export function readFields(
  name: "dimensions" | "metadata",
  value: LegacyValue,
  leftOut: string[],
): Readonly<Record<string, unknown>> {
  if (isEmpty(value)) return {};
  const fields = parse(textOf(value), name, leftOut);
  if (fields === null) return {};
  if (!isRecord(fields)) {
    leftOut.push(`${name}: ${fields === undefined ? "not_json" : "not_an_object"}`);
    return {};
  }
  if (name === "metadata") return fields;
  let isNested = false;
  const flat = Object.entries(fields).map(([key, field]) => {
    if (typeof field !== "object" || field === null) return [key, field] as const;
    isNested = true;
    return [key, JSON.stringify(field)] as const;
  });
  if (isNested) leftOut.push(`${name}: nested, kept as JSON text`);
  return isNested ? Object.fromEntries(flat) : fields;
}

/**
 * What Python's `json.dumps` writes for numbers that JSON does not have; strings are matched to be stepped
 * over.
 */
const PYTHON_NUMBERS = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g;

/** The parsed text, or undefined where it is no JSON, even with `null` for the numbers that JSON lacks. */
function parse(text: string, name: string, leftOut: string[]): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Perhaps only because of such a number.
  }
  try {
    const json = text.replace(PYTHON_NUMBERS, (found) => (found.startsWith('"') ? found : "null"));
    const value = JSON.parse(json);
    leftOut.push(`${name}: NaN or Infinity, now null`);
    return value;
  } catch {
    return undefined;
  }
}

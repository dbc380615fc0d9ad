import { LIMITS } from "../catalogue/limits.ts";
import type { CommonOptions } from "./metric-options.ts";
import type { MetricShape } from "./metric-shape.ts";

/** Dimensions or metadata as they are sent: without absent values, objects and lists as JSON text. */
export type Fields = Readonly<Record<string, string | number | boolean>>;

/** A metric as it waits: a copy, so that the host may change what it handed in. */
export interface PendingMetric {
  readonly type: string;
  /** May be NaN or infinite: the service says why it rejects it. */
  readonly value: number;
  readonly durationMs: number | undefined;
  /** Whole milliseconds since 1970, UTC. */
  readonly timestampMs: number;
  readonly dimensions: Fields;
  readonly metadata: Fields;
}

/**
 * Most UTF-16 units of a name, whose limit is 50 code points: a cheap bound on memory. Longer ones cannot be
 * valid, and shorter ones are left to the service, which counts exactly.
 */
const NAME_LENGTH_MAX = 2 * LIMITS.METADATA_KEY_LENGTH_MAX;
/** The farthest time that google.protobuf.Timestamp can say (the end of the year 9999), to the day. */
const TIMESTAMP_MS_MAX = Date.UTC(9999, 11, 31);

/**
 * Copy a metric out of what the host passed. Every property is read once, so that a getter cannot give two
 * answers. Text beyond the service's limits is cut: a query that is too long is better short than missing.
 * `nowMs` is the time of a metric without a timestamp.
 *
 * @throws whatever a getter of the host throws, and an Error that says which option is unusable.
 */
export function readMetric<Options extends CommonOptions>(
  shape: MetricShape<Options>,
  options: Options,
  nowMs: number,
): PendingMetric {
  const type = readType(shape.type);
  const dimensions: Record<string, string | number | boolean> = {};
  for (const [option, name] of shape.dimensions) addScalar(dimensions, name, options[option]);
  addAll(dimensions, "dimensions", options.dimensions, LIMITS.DIMENSIONS_MAX, addScalar);
  const metadata: Record<string, string | number | boolean> = {};
  for (const [option, name] of shape.metadata) addScalar(metadata, name, options[option]);
  addAll(metadata, "metadata", options.metadata, LIMITS.METADATA_FIELDS_MAX, addAnything);
  const value = readValue(shape, options);
  return {
    type,
    value,
    durationMs: optionalNumber("durationMs", options.durationMs),
    timestampMs: readTimestamp(options.timestamp) ?? nowMs,
    dimensions,
    metadata,
  };
}

/** Any text. Other values could not be encoded, which would fail the whole batch. */
function readType(type: unknown): string {
  if (typeof type !== "string") throw new Error(`type must be text, not ${typeof type}`);
  if (type.length > NAME_LENGTH_MAX) throw new Error(`type has ${type.length} characters`);
  return type;
}

/** A missing value is 1, except where the type has an option of its own for it. */
function readValue<Options extends CommonOptions>(shape: MetricShape<Options>, options: Options): number {
  const name = shape.value ?? "value";
  const value = optionalNumber(name, (options as Readonly<Record<string, unknown>>)[name]);
  if (value !== undefined) return value;
  if (shape.value !== undefined) throw new Error(`${name} is required`);
  return 1;
}

function optionalNumber(name: string, value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number") throw new Error(`${name} must be a number, not ${typeof value}`);
  return value;
}

/** In whole milliseconds; undefined where none is given. */
function readTimestamp(timestamp: unknown): number | undefined {
  if (timestamp === undefined || timestamp === null) return undefined;
  const ms = timestamp instanceof Date ? timestamp.getTime() : timestamp;
  if (typeof ms !== "number" || !(ms >= 0 && ms <= TIMESTAMP_MS_MAX)) {
    throw new Error("timestamp must be a Date or milliseconds since 1970");
  }
  return Math.trunc(ms);
}

/** What the fields are collected in. */
type Target = Record<string, string | number | boolean>;

/** Adds every own property of `fields`; the first that cannot be read or is one too many fails the metric. */
function addAll(
  target: Target,
  what: string,
  fields: unknown,
  max: number,
  add: (target: Target, name: string, value: unknown) => void,
): void {
  if (fields === undefined || fields === null) return;
  if (typeof fields !== "object") throw new Error(`${what} must be an object`);
  const names = Object.keys(fields);
  // Before they are read: the host waits for this.
  if (names.length > max) throw new Error(`too many ${what}: ${names.length}, at most ${max}`);
  for (const name of names) {
    if (name.length > NAME_LENGTH_MAX) throw new Error(`a name in ${what} has ${name.length} characters`);
    add(target, name, (fields as Readonly<Record<string, unknown>>)[name]);
  }
}

function addScalar(target: Target, name: string, value: unknown): void {
  if (value === undefined || value === null) return;
  target[name] = scalar(name, value, LIMITS.DIMENSION_VALUE_LENGTH_MAX);
}

/** Metadata may also be objects and lists, which are kept as JSON text. */
function addAnything(target: Target, name: string, value: unknown): void {
  if (value === undefined || value === null || typeof value === "function") return;
  const max = LIMITS.METADATA_VALUE_LENGTH_MAX;
  target[name] =
    typeof value === "object" ? cut(JSON.stringify(value) ?? "null", max) : scalar(name, value, max);
}

function scalar(name: string, value: unknown, lengthMax: number): string | number | boolean {
  switch (typeof value) {
    case "string":
      return cut(value, lengthMax);
    case "boolean":
      return value;
    case "bigint":
      return String(value);
    case "number":
      // JSON, in which it may be sent, has no NaN and no infinity.
      if (Number.isFinite(value)) return value;
      throw new Error(`${name} must be finite`);
    default:
      throw new Error(`${name} must be text, a number or a boolean, not ${typeof value}`);
  }
}

/** At most `lengthMax` code points, as the service counts; no character is cut in two. */
function cut(text: string, lengthMax: number): string {
  // The common case, and the bound on what the rest looks at.
  if (text.length <= lengthMax) return text;
  return [...text.slice(0, 2 * lengthMax)].slice(0, lengthMax).join("");
}

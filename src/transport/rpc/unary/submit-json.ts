/**
 * SubmitRequest from its JSON (https://protobuf.dev/programming-guides/json) to what is validated. It reads what
 * clients write; whatever is odd it leaves to the generated classes, as `submit-reader.ts` does.
 */
import type { SubmittedMetric, SubmittedMetrics } from "../../../ingest/submission.ts";
import { isRecord } from "../../../lib/json.ts";
import { YieldingLoop } from "../../../lib/yielding-loop.ts";
import type { MessageJson } from "../../http/parse-json.ts";
import { OddMessageError } from "../wire-reader.ts";

/** What a field of JSON becomes. */
type Read = (value: unknown) => unknown;
/** A field by one of its two spellings: where it goes, and what it becomes. */
type Field = readonly [target: string, read: Read];

/** RFC 3339, in UTC and to the millisecond. */
const TIMESTAMP = /^[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/;

const readText: Read = (value) => {
  if (typeof value !== "string") throw new OddMessageError("a text is none");
  return value;
};

const readDouble: Read = (value) => {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new OddMessageError("a number is none");
  return value;
};

const readTimestamp: Read = (value) => {
  const date = typeof value === "string" && TIMESTAMP.test(value) ? new Date(value) : undefined;
  if (date === undefined || Number.isNaN(date.getTime()))
    throw new OddMessageError("a time is spelt otherwise");
  return date;
};

/** A map of text to scalars, as it is. */
const readScalars: Read = (value) => {
  if (!isRecord(value)) throw new OddMessageError("a map is none");
  for (const key in value) {
    const entry = value[key];
    const isFlat = typeof entry !== "object" || entry === null;
    const isReal = typeof entry !== "number" || Number.isFinite(entry);
    if (!isFlat || !isReal || key === "__proto__") throw new OddMessageError("a value is nested");
  }
  return value;
};

const NO_ENTRIES: Readonly<Record<string, unknown>> = {};
const ABSENT_METRIC: SubmittedMetric = {
  type: "",
  value: undefined,
  duration_ms: undefined,
  timestamp: undefined,
  dimensions: NO_ENTRIES,
  metadata: NO_ENTRIES,
};
const ABSENT_REQUEST: SubmittedMetrics = {
  service: "",
  version: "",
  instance_id: "",
  idempotency_key: "",
  metrics: [],
};

const METRIC: Readonly<Record<string, Field>> = {
  type: ["type", readText],
  value: ["value", readDouble],
  durationMs: ["duration_ms", readDouble],
  duration_ms: ["duration_ms", readDouble],
  timestamp: ["timestamp", readTimestamp],
  dimensions: ["dimensions", readScalars],
  metadata: ["metadata", readScalars],
};

const readMetric = (metric: unknown) => readFields(METRIC, metric, { ...ABSENT_METRIC });

const readMetrics: Read = (value) => {
  if (!Array.isArray(value)) throw new OddMessageError("a list is none");
  return value.map(readMetric);
};

const REQUEST: Readonly<Record<string, Field>> = {
  service: ["service", readText],
  version: ["version", readText],
  instanceId: ["instance_id", readText],
  instance_id: ["instance_id", readText],
  idempotencyKey: ["idempotency_key", readText],
  idempotency_key: ["idempotency_key", readText],
  metrics: ["metrics", readMetrics],
};

/**
 * Yields to the event loop where the metrics are large.
 *
 * @throws {OddMessageError} for what is left to the generated classes.
 */
export async function readSubmitJson({ value: json, large }: MessageJson): Promise<SubmittedMetrics> {
  const sent = isRecord(json) ? json.metrics : undefined;
  if (!large.has(sent) || !Array.isArray(sent)) return readFields(REQUEST, json, { ...ABSENT_REQUEST });
  const request = readFields(REQUEST, { ...(json as object), metrics: [] }, { ...ABSENT_REQUEST });
  const metrics: SubmittedMetric[] = [];
  await new YieldingLoop().each(sent, (metric) => metrics.push(readMetric(metric)));
  return { ...request, metrics };
}

/** The known fields of an object; unknown ones are ignored. */
function readFields<Target extends object>(
  fields: Readonly<Record<string, Field>>,
  json: unknown,
  target: Target,
): Target {
  if (!isRecord(json)) throw new OddMessageError("a message is none");
  const read: Record<string, unknown> = {};
  for (const key in json) {
    if (!Object.hasOwn(fields, key)) continue;
    const [name, readValue] = fields[key] as Field;
    if (Object.hasOwn(read, name)) throw new OddMessageError("a field comes in both spellings");
    read[name] = readValue(json[key]);
  }
  return Object.assign(target, read);
}

import { SERVER_METRIC_TYPES } from "../catalogue/directory.ts";
import type { ServerPoint } from "../store/directory.ts";
import { isLongerThan, quote } from "./text.ts";
import { checkScalars, type FieldContext, readFieldMap, readTime, readValue } from "./validate-fields.ts";

/** Longest name of a metric, in code points. */
export const METRIC_NAME_LENGTH_MAX = 100;

const TYPES: ReadonlySet<unknown> = new Set(SERVER_METRIC_TYPES);
/** Control characters, which would break the lines of logs and CSV. */
const CONTROL = /\p{Cc}/u;

/** What the metrics of a request are read with. */
export interface ServerMetricContext extends FieldContext {
  /** When those were measured that do not say. */
  readonly defaultMs: number;
  /** Whether the server may use a name: it may have so many. */
  readonly admitName: (name: string) => boolean;
}

/** One submitted metric of a server, or undefined after reporting to `context.reject` every reason. */
export function readServerMetric(
  metric: Readonly<Record<string, unknown>>,
  context: ServerMetricContext,
): ServerPoint | undefined {
  const type = readType(metric.type, context);
  const value = readValue(metric.value, context);
  const timestampMs = readTime(metric.timestamp, context, context.defaultMs);
  const tags = readFieldMap("tags", metric.tags, context);
  const keys = tags && checkScalars("tags", tags, context);
  // Last: only the name of a metric that is otherwise good counts among the server's.
  const isGood = type !== undefined && value !== undefined && timestampMs !== undefined && keys !== undefined;
  const name = readName(metric.name, context, isGood);
  if (!isGood || name === undefined) return undefined;
  return {
    name,
    type,
    timestampMs,
    value,
    tags: keys.length === 0 ? undefined : JSON.stringify(tags),
  };
}

/** The name, which is admitted only for a metric that is otherwise good. */
function readName(
  name: unknown,
  { reject, admitName }: ServerMetricContext,
  isGood: boolean,
): string | undefined {
  if (name === undefined || name === null || name === "")
    reject("name", "required", "Metric name is required");
  else if (typeof name !== "string" || CONTROL.test(name) || !name.isWellFormed()) {
    reject("name", "invalid", `Metric name ${quote(name)} must be a string without control characters`);
  } else if (isLongerThan(name, METRIC_NAME_LENGTH_MAX)) {
    reject("name", "too_long", `Metric name too long: at most ${METRIC_NAME_LENGTH_MAX} characters`);
  } else if (isGood && !admitName(name)) {
    reject(
      "name",
      "too_many",
      `Too many metric names: ${quote(name)} would be one more than a server may have`,
    );
  } else return name;
  return undefined;
}

/** The type, or undefined after the violation was noted. */
function readType(type: unknown, { reject }: ServerMetricContext): string | undefined {
  if (type === undefined || type === null || type === "")
    reject("type", "required", "Metric type is required");
  else if (!TYPES.has(type)) {
    reject("type", "unknown_type", `metric type ${quote(type)} is none of ${SERVER_METRIC_TYPES.join(", ")}`);
  } else return String(type);
  return undefined;
}

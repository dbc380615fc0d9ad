import { DAY_MS } from "../../src/lib/time.ts";
/**
 * What a submission must look like, said slowly: the rules one after the other, without regular expressions,
 * shared numbers or any other line of the service. The validator is compared with this.
 */
export interface Problem {
  /** The part at fault: `service`, `metrics`, or of a metric `value`, `dimensions`, … */
  readonly part: string;
  /** What its message must contain. */
  readonly wording: string;
}

export interface MetricVerdict {
  readonly problems: readonly Problem[];
  readonly isVeryOld: boolean;
  readonly stored: StoredMetric;
}

export interface StoredMetric {
  readonly type: unknown;
  readonly value: number;
  readonly durationMs: number | undefined;
  readonly timestampMs: number;
  readonly dimensions: ReadonlyMap<string, unknown>;
  readonly metadata: ReadonlyMap<string, unknown>;
}

export interface Verdict {
  readonly envelope: readonly Problem[];
  readonly isOddVersion: boolean;
  readonly metrics: readonly MetricVerdict[];
}

const TYPES = [
  "auth_request",
  "tool_execution",
  "tool_discovery",
  "protocol_latency",
  "health_check",
  "registry_operation",
  "custom",
];
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const DIGITS = "0123456789";

const length = (text: string) => [...text].length;
const consistsOf = (text: string, allowed: string) =>
  [...text].every((character) => allowed.includes(character));
const isAbsent = (value: unknown) => value === undefined || value === null;

export function modelValidate(submitted: Readonly<Record<string, unknown>>, nowMs: number): Verdict {
  const { service, version, instance_id: instance, idempotency_key: key, metrics } = submitted;
  const envelope: Problem[] = [];
  const problem = (part: string, wording: string) => void envelope.push({ part, wording });

  if (isAbsent(service) || service === "") problem("service", "Service name is required");
  else if (typeof service !== "string") problem("service", "must be a string");
  else if (length(service) > 100) problem("service", "Service name too long");
  else if (!consistsOf(service, `${LETTERS}${DIGITS}_-`))
    problem("service", "must contain only alphanumeric");

  if (!isAbsent(version) && (typeof version !== "string" || length(version) > 100))
    problem("version", "version");
  if (!isAbsent(instance) && instance !== "") {
    const isGood = typeof instance === "string" && consistsOf(instance, `${LETTERS}${DIGITS}_.-`);
    if (!isGood || length(instance) > 100) problem("instance_id", "must contain only alphanumeric");
  }
  if (!isAbsent(key) && key !== "") {
    const isGood = typeof key === "string" && [...key].every((one) => one >= " " && one <= "~");
    if (!isGood || length(key) > 255) problem("idempotency_key", "255 printable ASCII");
  }
  if (isAbsent(metrics)) problem("metrics", "At least one metric is required");
  else if (!Array.isArray(metrics)) problem("metrics", "must be a list");
  else if (metrics.length === 0) problem("metrics", "At least one metric is required");

  const verdicts =
    envelope.length === 0 ? (metrics as unknown[]).map((metric) => modelMetric(metric, nowMs)) : [];
  return {
    envelope,
    isOddVersion: typeof version === "string" && version !== "" && !isSemver(version),
    metrics: verdicts,
  };
}

function isSemver(version: string): boolean {
  const bare = version.startsWith("v") ? version.slice(1) : version;
  const [core = "", ...suffix] = bare.split(/(?=[-+])/);
  const numbers = core.split(".");
  const isGoodSuffix = suffix.every(
    (part) => part.length > 1 && consistsOf(part.slice(1), `${LETTERS}${DIGITS}.-`),
  );
  return (
    numbers.length === 3 && numbers.every((one) => one !== "" && consistsOf(one, DIGITS)) && isGoodSuffix
  );
}

function modelMetric(metric: unknown, nowMs: number): MetricVerdict {
  const problems: Problem[] = [];
  const problem = (part: string, wording: string) => void problems.push({ part, wording });
  const isObject = typeof metric === "object" && metric !== null && !Array.isArray(metric);
  if (!isObject) problem("", "must be an object");
  const fields = (isObject ? metric : { type: "custom", value: 0 }) as Readonly<Record<string, unknown>>;

  if (isAbsent(fields.type) || fields.type === "") problem("type", "required");
  else if (!TYPES.includes(fields.type as string)) problem("type", "unknown metric type");

  const value = asNumber(fields.value);
  if (isAbsent(fields.value)) problem("value", "Metric value is required");
  else if (value === undefined) problem("value", "must be numeric");
  else if (Number.isNaN(value)) problem("value", "cannot be NaN");
  else if (value === Infinity || value === -Infinity) problem("value", "cannot be infinite");
  else if (value > 1_000_000_000_000 || value < -1_000_000_000_000) problem("value", "out of range");

  const durationMs = isAbsent(fields.duration_ms) ? undefined : asNumber(fields.duration_ms);
  if (!isAbsent(fields.duration_ms)) {
    if (durationMs === undefined) problem("duration_ms", "must be numeric");
    else if (Number.isNaN(durationMs)) problem("duration_ms", "NaN");
    else if (durationMs < 0) problem("duration_ms", "Duration cannot be negative");
    else if (durationMs === Infinity) problem("duration_ms", "infinite");
    else if (durationMs > 86_400_000) problem("duration_ms", "Duration too large");
  }

  const timestampMs = isAbsent(fields.timestamp) ? nowMs : asTime(fields.timestamp);
  if (timestampMs === undefined) problem("timestamp", "no RFC 3339 time");
  else if (timestampMs > nowMs + 5 * 60 * 1000) problem("timestamp", "too far in the future");
  const isVeryOld = timestampMs !== undefined && timestampMs < nowMs - 7 * DAY_MS;

  const dimensions = modelFields(fields.dimensions, "dimensions", 20, problem, dimensionWording);
  const metadata = modelFields(fields.metadata, "metadata", 30, problem, metadataWording);
  const stored = {
    type: fields.type,
    value: value ?? 0,
    durationMs,
    timestampMs: timestampMs ?? 0,
    dimensions,
    metadata,
  };
  return { problems, isVeryOld, stored };
}

function modelFields(
  fields: unknown,
  part: "dimensions" | "metadata",
  max: number,
  problem: (part: string, wording: string) => void,
  wordingOf: (key: string, value: unknown) => string | undefined,
): ReadonlyMap<string, unknown> {
  if (isAbsent(fields)) return new Map();
  if (typeof fields !== "object" || Array.isArray(fields)) {
    problem(part, "must be an object");
    return new Map();
  }
  const entries = Object.entries(fields as object);
  if (entries.length > max)
    problem(part, part === "dimensions" ? "Too many dimensions" : "Too many metadata fields");
  else {
    for (const [key, value] of entries) {
      const wording = wordingOf(key, value);
      if (wording !== undefined) problem(part, wording);
    }
  }
  return new Map(entries);
}

function dimensionWording(key: string, value: unknown): string | undefined {
  if (length(key) > 50) return "Dimension key too long";
  const [first = "1"] = key;
  if (!consistsOf(first, `${LETTERS}_`) || !consistsOf(key, `${LETTERS}${DIGITS}_`))
    return "must start with letter";
  if (typeof value === "string") return length(value) > 200 ? "Dimension value too long" : undefined;
  if (value === null || value === true || value === false) return undefined;
  return typeof value === "number" && Math.abs(value) < Infinity
    ? undefined
    : "must be a string, a finite number";
}

function metadataWording(key: string, value: unknown): string | undefined {
  if (length(key) < 1 || length(key) > 50) return "Metadata key";
  if (typeof value === "number") return Math.abs(value) < Infinity ? undefined : "must be finite";
  const text = typeof value === "object" && value !== null ? JSON.stringify(value) : value;
  return typeof text === "string" && length(text) > 1000 ? "Metadata value too long" : undefined;
}

/** A number, text that is a number and nothing else, or true and false, which count as 1 and 0. */
function asNumber(value: unknown): number | undefined {
  if (value === true) return 1;
  if (value === false) return 0;
  if (typeof value === "number") return value;
  if (typeof value !== "string" || !consistsOf(value, `${DIGITS}+-.eE`) || value === "") return undefined;
  const number = Number(value);
  return Number.isNaN(number) ? undefined : number;
}

/** Only the spellings that the tests of whole submissions use; every other one is in timestamp.test.ts. */
function asTime(sent: unknown): number | undefined {
  const value = typeof sent === "string" ? (asNumber(sent) ?? sent) : sent;
  if (typeof value === "number") {
    const ms = Math.abs(value) < 100_000_000_000 ? value * 1000 : value;
    return Math.abs(ms) < 60_000 * DAY_MS ? Math.round(ms) : undefined;
  }
  if (typeof value !== "string") return undefined;
  if (value.length === 10) return asTime(`${value}T00:00:00Z`);
  const ms = Date.parse(value.endsWith("Z") || value.at(-6) === "+" ? value : `${value}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}

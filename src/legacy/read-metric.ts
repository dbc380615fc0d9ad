import { LIMITS } from "../catalogue/limits.ts";
import type { Measurement } from "../catalogue/measurement.ts";
import { ServiceError } from "../errors.ts";
import type { SubmittedMetric } from "../ingest/submission.ts";
import type { Validate, Validated } from "../ingest/validate.ts";
import type { LegacyMetric } from "../sqlite/legacy/legacy-source.ts";
import { isEmpty, readFields, textOf, timeOf } from "./read-values.ts";

/** A row that is taken over, perhaps not with all it has. */
export interface Readable {
  readonly measurement: Measurement;
  readonly service: string;
  readonly version: string;
  readonly instanceId: string;
  /** What is left out or changed, each named once. */
  readonly leftOut: readonly string[];
}

export type ReadMetric = (row: LegacyMetric) => Readable | { readonly skipped: string };

/**
 * A row of the predecessor → a measurement, by the rules of a submission: what those refuse would not be
 * understood later. A row is skipped only for what it cannot be without (service, type, value, time); any
 * other part is left out by itself.
 */
export function createReadMetric(validate: Validate): ReadMetric {
  return (row) => {
    const leftOut: string[] = [];
    const dimensions = readFields("dimensions", row.dimensions, leftOut);
    const metadata = readFields("metadata", row.metadata, leftOut);
    const service = readService(row, leftOut);
    const essential = {
      type: textOf(row.type),
      value: row.value,
      // Absent, it would be the time of the import.
      timestamp: timeOf(isEmpty(row.timestamp) ? row.createdAt : row.timestamp) ?? "",
    };
    const metric = { ...essential, duration_ms: row.durationMs, dimensions, metadata };
    const envelope = { service, version: textOf(row.version), instance_id: textOf(row.instanceId) };
    const whole = validateOne(validate, envelope, metric);
    if (whole instanceof ServiceError) {
      const bare = validateOne(validate, { service }, essential);
      if (bare instanceof ServiceError) return { skipped: reasonOf(bare) };
      const parts = keepValidParts(validate, envelope, metric, leftOut);
      return finish(parts, leftOut);
    }
    return finish(whole, leftOut);
  };
}

interface Envelope {
  readonly service: string;
  readonly version?: string;
  readonly instance_id?: string;
}

function validateOne(
  validate: Validate,
  envelope: Envelope,
  metric: SubmittedMetric,
): Validated | ServiceError {
  try {
    const absent = { version: undefined, instance_id: undefined, idempotency_key: undefined };
    return validate({ ...absent, ...envelope, metrics: [metric] });
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
}

/** Put the parts of a refused row together again, without those that are refused by themselves. */
function keepValidParts(
  validate: Validate,
  { service, version = "", instance_id = "" }: Envelope,
  metric: SubmittedMetric,
  leftOut: string[],
): Validated {
  const accepts = (envelope: Omit<Envelope, "service">, part: SubmittedMetric): boolean => {
    const { type, value, timestamp } = metric;
    const validated = validateOne(validate, { service, ...envelope }, { type, value, timestamp, ...part });
    if (!(validated instanceof ServiceError)) return true;
    note(leftOut, reasonOf(validated));
    return false;
  };
  const fields = (name: "dimensions" | "metadata", max: number): SubmittedMetric => {
    const all = Object.entries(metric[name] as Readonly<Record<string, unknown>>);
    const good = all.filter(([key, value]) => accepts({}, { [name]: { [key]: value } }));
    if (good.length > max) note(leftOut, `${name}: too_many`);
    return { [name]: Object.fromEntries(good.slice(0, max)) };
  };
  const { type, value, timestamp, duration_ms } = metric;
  const kept = validateOne(
    validate,
    {
      service,
      ...(accepts({ version }, {}) && { version }),
      ...(accepts({ instance_id }, {}) && { instance_id }),
    },
    {
      type,
      value,
      timestamp,
      ...(accepts({}, { duration_ms }) && { duration_ms }),
      ...fields("dimensions", LIMITS.DIMENSIONS_MAX),
      ...fields("metadata", LIMITS.METADATA_FIELDS_MAX),
    },
  );
  if (kept instanceof ServiceError) throw kept;
  return kept;
}

function finish(validated: Validated, leftOut: readonly string[]): Readable {
  const [measurement] = validated.measurements;
  if (measurement === undefined) throw new Error("a submission of one metric was accepted without it");
  const { service, version, instanceId } = validated;
  return { measurement, service, version, instanceId, leftOut };
}

/** Service names had no rule; ours keeps them apart from what they are written into. */
function readService({ service }: LegacyMetric, leftOut: string[]): string {
  const text = textOf(service);
  const clean = text.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, LIMITS.SERVICE_LENGTH_MAX);
  if (clean !== text) note(leftOut, "service: characters replaced by _");
  return clean;
}

/** `value: not_numeric`, `dimensions: value_too_long`: where, without the name of the field, and which rule. */
function reasonOf({ violations }: ServiceError): string {
  const [first] = violations;
  const field = first?.field.replace(/^metrics\[0\]\.?/, "").split(".")[0];
  return `${field}: ${first?.reason}`;
}

function note(leftOut: string[], what: string): void {
  if (!leftOut.includes(what)) leftOut.push(what);
}

import { LIMITS } from "../catalogue/limits.ts";
import type { Measurement } from "../catalogue/measurement.ts";
import { ServiceError } from "../errors.ts";
import type { SubmittedMetric } from "../ingest/submission.ts";
import type { Validate, Validated } from "../ingest/validate.ts";
import type { LegacyMetric } from "../sqlite/legacy/legacy-source.ts";
import { isEmpty, readFields, textOf } from "./read-values.ts";

/** A row that is imported, perhaps not with all it has. */
export interface Readable {
  readonly measurement: Measurement;
  readonly service: string;
  /** Empty where the row has none, or none that is valid; so is the instance. */
  readonly version: string;
  readonly instanceId: string;
  /** What is left out or changed and why, `metadata: value_too_long`; each once. */
  readonly leftOut: readonly string[];
}

/** A row as a measurement, or the reason why it is skipped: `value: not_numeric`. */
export type ReadMetric = (row: LegacyMetric) => Readable | { readonly skipped: string };

/**
 * A row of the predecessor → a measurement, by the rules of a submission: queries and exporters rely on them.
 * A row is skipped only for what it cannot be without (service, type, value, time); any other part is left
 * out by itself.
 *
 * Nearly every row is valid as it is, and costs one validation. Only of one that is not, the parts are tried.
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
      timestamp: (isEmpty(row.timestamp) ? row.createdAt : row.timestamp) ?? "",
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

/** What a submission says of its sender, in its own spelling. */
interface Envelope {
  readonly service: string;
  readonly version?: string;
  readonly instance_id?: string;
}

/** Validate a submission of one metric; what it breaks is returned, not thrown. */
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

/**
 * The row without the parts that are rejected by themselves: each is validated beside the essential ones, and
 * what is accepted is put together again, up to the limits on how many there may be.
 */
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

/** The predecessor had no rule for service names; here they stand in label values, paths and keys. */
function readService({ service }: LegacyMetric, leftOut: string[]): string {
  const text = textOf(service);
  const clean = text.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, LIMITS.SERVICE_LENGTH_MAX);
  if (clean !== text) note(leftOut, "service: characters replaced by _");
  return clean;
}

/**
 * `value: not_numeric`, `dimensions: value_too_long`: where, without the name of the field, and which rule.
 */
function reasonOf({ violations }: ServiceError): string {
  const [first] = violations;
  const field = first?.field.replace(/^metrics\[0\]\.?/, "").split(".")[0];
  return `${field}: ${first?.reason}`;
}

/** Add to the list, once. */
function note(leftOut: string[], what: string): void {
  if (!leftOut.includes(what)) leftOut.push(what);
}

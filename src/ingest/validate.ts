import { LIMITS } from "../catalogue/limits.ts";
import type { Measurement } from "../catalogue/measurement.ts";
import { type Violation, validationFailed } from "../errors.ts";
import type { Pseudonymise } from "../lib/pseudonym.ts";
import type { DimensionSets } from "./dimension-sets.ts";
import type { SubmittedMetrics } from "./submission.ts";
import { isLongerThan, quote } from "./text.ts";
import { type Reject, type Rejection, validateEach } from "./validate-fields.ts";
import { validateMetric } from "./validate-metric.ts";

/** Who sent a submission. */
export interface ValidSource {
  readonly service: string;
  /** '' when absent. */
  readonly version: string;
  /** Of the service's processes the one that sent it; '' when absent. */
  readonly instanceId: string;
}

/** A submission whose envelope is good, and the verdict on each of its metrics. */
export interface Validated extends ValidSource {
  readonly idempotencyKey: string | undefined;
  readonly measurements: readonly Measurement[];
  /** Every broken rule of a metric. */
  readonly rejections: readonly Rejection[];
  /** Metrics that are not stored; one metric may break several rules. */
  readonly rejected: number;
  /** Doubts about what is stored all the same: first the envelope's, then the metrics'. */
  readonly warnings: readonly string[];
}

/** What submissions are validated with. */
export interface ValidateOptions {
  readonly dimensionSets: DimensionSets;
  /** Takes the place of the names of people before anything is kept. */
  readonly pseudonymise: Pseudonymise;
  readonly wallMs: () => number;
  /** Metrics a request; those beyond are rejected. */
  readonly metricsMax: number;
}

/** Without a key it is as if all came with one. */
export type Validate = (submitted: SubmittedMetrics, apiKeyId?: number) => Validated;

const SERVICE = /^[A-Za-z0-9_-]+$/;
const INSTANCE_ID = /^[A-Za-z0-9_.-]+$/;
/** https://semver.org, with an optional leading `v`. */
const SEMVER = /^v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;
const CONTROL = /\p{Cc}/u;
/** Idempotency keys also travel as a header (draft-ietf-httpapi-idempotency-key-header). */
const PRINTABLE_ASCII = /^[\x20-\x7e]+$/;

/**
 * Validate a submission: a bad envelope fails all of it, a bad metric never fails its neighbours.
 *
 * @throws {ServiceError} `validation_failed` with every broken rule of the envelope, or of the metrics
 *   when not one of them is good.
 */
export function createValidate({
  dimensionSets,
  pseudonymise,
  wallMs,
  metricsMax,
}: ValidateOptions): Validate {
  return (submitted, apiKeyId = 0) => {
    const problems: Violation[] = [];
    const warnings: string[] = [];
    const reject = (field: string, reason: string, message: string) =>
      void problems.push({ field, reason, message });
    const { service, version, instanceId } = validateSource(submitted, reject, warnings);
    const idempotencyKey = readIdempotencyKey(submitted.idempotency_key, reject);
    const metrics = readMetrics(submitted.metrics, reject);
    if (problems.length > 0) throw validationFailed(problems);
    const extra = { intern: dimensionSets.of(apiKeyId), pseudonymise, nowMs: wallMs() };
    const { accepted, warnings: doubts, ...rest } = validateEach(metrics, metricsMax, extra, validateMetric);
    return {
      service,
      version,
      instanceId,
      idempotencyKey,
      ...rest,
      measurements: accepted,
      warnings: warnings.length === 0 ? doubts : [...warnings, ...doubts],
    };
  };
}

/**
 * What an envelope says of its sender; every broken rule goes to `reject`, and stands as '' in the result.
 */
export function validateSource(
  submitted: Pick<SubmittedMetrics, "service" | "version" | "instance_id">,
  reject: Reject,
  warnings: string[],
): ValidSource {
  return {
    service: readService(submitted.service, reject),
    version: readVersion(submitted.version, reject, warnings),
    instanceId: readInstanceId(submitted.instance_id, reject),
  };
}

/** Python clients send None, others an empty string, for what they do not know. */
function isAbsent(value: unknown): value is undefined | null | "" {
  return value === undefined || value === null || value === "";
}

function readService(service: unknown, reject: Reject): string {
  const max = LIMITS.SERVICE_LENGTH_MAX;
  if (isAbsent(service)) reject("service", "required", "Service name is required");
  else if (typeof service !== "string")
    reject("service", "invalid", `service ${quote(service)} must be a string`);
  else if (isLongerThan(service, max))
    reject("service", "too_long", `Service name too long: at most ${max} characters`);
  else if (!SERVICE.test(service)) {
    const rule = "must contain only alphanumeric characters, - and _";
    reject("service", "invalid_characters", `Service name ${quote(service)} ${rule}`);
  } else return service;
  return "";
}

function readVersion(version: unknown, reject: Reject, warnings: string[]): string {
  const max = LIMITS.VERSION_LENGTH_MAX;
  if (isAbsent(version)) return "";
  if (typeof version !== "string" || CONTROL.test(version)) {
    reject("version", "invalid", `version ${quote(version)} must be a string without control characters`);
  } else if (isLongerThan(version, max)) {
    reject("version", "too_long", `version too long: at most ${max} characters`);
  } else {
    if (!SEMVER.test(version)) warnings.push(`version ${quote(version)} does not follow semantic versioning`);
    return version.toWellFormed();
  }
  return "";
}

function readInstanceId(instanceId: unknown, reject: Reject): string {
  const max = LIMITS.INSTANCE_ID_LENGTH_MAX;
  if (isAbsent(instanceId)) return "";
  if (typeof instanceId === "string" && INSTANCE_ID.test(instanceId) && instanceId.length <= max)
    return instanceId;
  const rule = `must contain only alphanumeric characters, _, . and -, at most ${max}`;
  reject("instance_id", "invalid", `instance_id ${quote(instanceId)} ${rule}`);
  return "";
}

/** The key by which a retry is told from a new request; undefined when absent, or after reporting it. */
export function readIdempotencyKey(key: unknown, reject: Reject): string | undefined {
  const max = LIMITS.IDEMPOTENCY_KEY_LENGTH_MAX;
  if (isAbsent(key)) return undefined;
  if (typeof key === "string" && PRINTABLE_ASCII.test(key) && key.length <= max) return key;
  reject("idempotency_key", "invalid", `idempotency_key must be at most ${max} printable ASCII characters`);
  return undefined;
}

function readMetrics(metrics: unknown, reject: Reject): readonly unknown[] {
  if (metrics === undefined || metrics === null || (Array.isArray(metrics) && metrics.length === 0)) {
    reject("metrics", "required", "At least one metric is required");
  } else if (!Array.isArray(metrics)) {
    reject("metrics", "not_a_list", `metrics must be a list, not ${quote(metrics)}`);
  } else return metrics;
  return [];
}

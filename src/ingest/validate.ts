import { LIMITS } from "../catalogue/limits.ts";
import type { Measurement } from "../catalogue/measurement.ts";
import { ServiceError, type Violation } from "../errors.ts";
import type { Pseudonymise } from "../lib/pseudonym.ts";
import type { InternDimensions } from "./dimension-sets.ts";
import type { SubmittedMetrics } from "./submission.ts";
import { quote } from "./text.ts";
import { type MetricContext, validateMetric } from "./validate-metric.ts";
import { isAbsent, type Refuse, type ValidSource, validateSource } from "./validate-source.ts";

/** A broken rule of one metric. `field` is relative to the metric. */
export interface Rejection extends Violation {
  readonly index: number;
}

/** The judgement of a submission whose envelope is good. */
export interface Validated extends ValidSource {
  readonly idempotencyKey: string | undefined;
  readonly measurements: readonly Measurement[];
  readonly rejections: readonly Rejection[];
  /** Metrics refused; one metric may break several rules. */
  readonly rejected: number;
  readonly warnings: readonly string[];
}

export interface ValidateOptions {
  readonly intern: InternDimensions;
  /** Takes the place of the names of people before anything is kept. */
  readonly pseudonymise: Pseudonymise;
  readonly wallMs: () => number;
  readonly metricsMax: number;
}

export type Validate = (submitted: SubmittedMetrics) => Validated;

const PRINTABLE_ASCII = /^[\x20-\x7e]+$/;

/**
 * Judge a submission: a bad envelope fails it, a bad metric refuses itself and never its neighbours.
 *
 * @throws {ServiceError} `validation_failed` with every broken rule of the envelope, or of the metrics
 *   when not one of them is good.
 */
export function createValidate({ intern, pseudonymise, wallMs, metricsMax }: ValidateOptions): Validate {
  return (submitted) => {
    const warnings: string[] = [];
    const envelope = readEnvelope(submitted, metricsMax, warnings);
    const measurements: Measurement[] = [];
    const rejections: Rejection[] = [];
    let index = 0;
    const context: MetricContext = {
      intern,
      pseudonymise,
      nowMs: wallMs(),
      refuse: (field, reason, message) => void rejections.push({ index, field, reason, message }),
      warn: (message) => void warnings.push(`metrics[${index}].${message}`),
    };
    for (const metric of envelope.metrics) {
      const measurement = readMetric(metric, context);
      if (measurement !== undefined) measurements.push(measurement);
      index += 1;
    }
    const rejected = index - measurements.length;
    if (measurements.length === 0) throw nothingAccepted(rejections);
    return { ...envelope, measurements, rejections, rejected, warnings };
  };
}

/** `metrics[3].value: Metric value is required`: where, then what. */
export function describeRejection({ index, field, message }: Rejection): string {
  return field === "" ? `metrics[${index}]: ${message}` : `metrics[${index}].${field}: ${message}`;
}

function readMetric(metric: unknown, context: MetricContext): Measurement | undefined {
  if (typeof metric === "object" && metric !== null && !Array.isArray(metric))
    return validateMetric(metric, context);
  context.refuse("", "not_an_object", `a metric must be an object, not ${quote(metric)}`);
  return undefined;
}

function readEnvelope(submitted: SubmittedMetrics, metricsMax: number, warnings: string[]) {
  const problems: Violation[] = [];
  const refuse = (field: string, reason: string, message: string) =>
    void problems.push({ field, reason, message });
  const source = validateSource(submitted, refuse, warnings);
  const idempotencyKey = readIdempotencyKey(submitted.idempotency_key, refuse);
  const metrics = readMetrics(submitted.metrics, metricsMax, refuse);
  if (problems.length > 0) throw validationFailed(problems);
  return { ...source, idempotencyKey, metrics };
}

function readIdempotencyKey(key: unknown, refuse: Refuse): string | undefined {
  const max = LIMITS.IDEMPOTENCY_KEY_LENGTH_MAX;
  if (isAbsent(key)) return undefined;
  if (typeof key === "string" && PRINTABLE_ASCII.test(key) && key.length <= max) return key;
  refuse("idempotency_key", "invalid", `idempotency_key must be at most ${max} printable ASCII characters`);
  return undefined;
}

function readMetrics(metrics: unknown, metricsMax: number, refuse: Refuse): readonly unknown[] {
  if (metrics === undefined || metrics === null || (Array.isArray(metrics) && metrics.length === 0)) {
    refuse("metrics", "required", "At least one metric is required");
  } else if (!Array.isArray(metrics)) {
    refuse("metrics", "not_a_list", `metrics must be a list, not ${quote(metrics)}`);
  } else if (metrics.length > metricsMax) {
    refuse("metrics", "too_many", `Too many metrics: ${metrics.length}, at most ${metricsMax} a request`);
  } else return metrics;
  return [];
}

function validationFailed(violations: readonly Violation[]): ServiceError {
  const message = violations.map((violation) => violation.message).join("; ");
  return new ServiceError("validation_failed", message, { violations });
}

function nothingAccepted(rejections: readonly Rejection[]): ServiceError {
  const violations = rejections.map((rejection) => {
    const field = `metrics[${rejection.index}]${rejection.field && `.${rejection.field}`}`;
    return { field, reason: rejection.reason, message: rejection.message };
  });
  const [first] = rejections;
  const example = first === undefined ? "" : `: ${describeRejection(first)}`;
  return new ServiceError("validation_failed", `no metric could be accepted${example}`, { violations });
}

import { LIMITS } from "../catalogue/limits.ts";
import type { Measurement } from "../catalogue/measurement.ts";
import type { Violation } from "../errors.ts";
import { validationFailed } from "../errors.ts";
import type { Pseudonymise } from "../lib/pseudonym.ts";
import type { InternDimensions } from "./dimension-sets.ts";
import { judgeEach, type Rejection } from "./judge-each.ts";
import type { Refuse } from "./read-fields.ts";
import type { SubmittedMetrics } from "./submission.ts";
import { quote } from "./text.ts";
import { validateMetric } from "./validate-metric.ts";
import { isAbsent, type ValidSource, validateSource } from "./validate-source.ts";

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
    const extra = { intern, pseudonymise, nowMs: wallMs() };
    const { accepted: measurements, ...judged } = judgeEach(envelope.metrics, extra, validateMetric);
    return { ...envelope, measurements, ...judged, warnings: [...warnings, ...judged.warnings] };
  };
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

export function readIdempotencyKey(key: unknown, refuse: Refuse): string | undefined {
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
  } else if (checkCount(metrics, metricsMax, refuse)) return metrics;
  return [];
}

/** Whether there are no more metrics than one request may have. */
export function checkCount(metrics: readonly unknown[], metricsMax: number, refuse: Refuse): boolean {
  if (metrics.length <= metricsMax) return true;
  refuse("metrics", "too_many", `Too many metrics: ${metrics.length}, at most ${metricsMax} a request`);
  return false;
}

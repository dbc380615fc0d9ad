import type { Call } from "../access/call.ts";
import { mayWrite } from "../access/service-binding.ts";
import type { Measurement } from "../catalogue/measurement.ts";
import { ServiceError, type Violation } from "../errors.ts";
import { fingerprint } from "../ingest/fingerprint.ts";
import { describeRejection, type Rejection } from "../ingest/judge-each.ts";
import type { SubmittedMetrics } from "../ingest/submission.ts";
import type { Validate, Validated } from "../ingest/validate.ts";
import type { Submission } from "../store/batch.ts";
import type { StoredAnswer } from "../store/metrics.ts";

/** The answer, under the names that the schema and the REST body share. */
export interface SubmitAnswer {
  readonly status: "success";
  readonly accepted: number;
  readonly rejected: number;
  readonly errors: readonly string[];
  readonly request_id: string;
  readonly duplicate?: true;
  readonly warnings?: readonly string[];
  readonly rejections?: readonly Rejection[];
}

export type Submit = (call: Call, submitted: SubmittedMetrics) => Promise<SubmitAnswer>;

export interface SubmitDeps {
  readonly validate: Validate;
  /**
   * Resolves once the submission is on disk; to the earlier answer when its idempotency key was used.
   * Throws at once when it cannot be queued.
   */
  readonly store: (submission: Submission) => Promise<StoredAnswer | undefined>;
  readonly export: (sender: Validated, measurements: readonly Measurement[]) => void;
  /** `buffered`: answer before the disk has the metrics, unless the call carries an idempotency key. */
  readonly ack: "durable" | "buffered";
  /** Whether a key that writes another service's name is refused, or only reported. */
  readonly serviceBinding: "strict" | "warn";
  readonly observer: SubmitObserver;
}

/** What became of the metrics of one service. */
export interface JudgedMetrics {
  readonly measurements: readonly Measurement[];
  readonly rejected: number;
  readonly rejections: readonly Violation[];
}

export interface SubmitObserver {
  /** A submission was refused as a whole. */
  readonly onRefused: (violations: readonly Violation[]) => void;
  readonly onAnswer: (call: Call, service: string, judged: JudgedMetrics) => void;
  readonly onForeignService: (call: Call, service: string) => void;
  /** Metrics that were answered before they were stored could not be stored. */
  readonly onLost: (call: Call, metrics: number, error: unknown) => void;
}

/**
 * Submit: validate, store, export, answer.
 *
 * Stored before exported: a client retries a failed Submit, and a metric exported before its
 * transaction failed would be counted twice.
 *
 * @throws {ServiceError} `validation_failed`, `malformed_body`, `service_not_allowed`,
 *   `idempotency_conflict`, `queue_full`, `storage_unavailable`, `shutting_down`: nothing is stored.
 */
export function createSubmit(deps: SubmitDeps): Submit {
  return async (call, submitted) => {
    const validated = judge(deps, submitted);
    bindService(deps, call, validated.service);
    const answer = describe(call, validated);
    const submission = createSubmission(call, submitted, validated, answer);
    const stored = deps.store(submission).then((earlier) => {
      if (earlier === undefined) deps.export(validated, validated.measurements);
      return earlier;
    });
    if (deps.ack === "buffered" && submission.idempotency === undefined) {
      stored.catch((error: unknown) => deps.observer.onLost(call, validated.measurements.length, error));
    } else {
      const earlier = await stored;
      if (earlier !== undefined) return repeat(earlier, submission);
    }
    deps.observer.onAnswer(call, validated.service, validated);
    return answer;
  };
}

function judge({ validate, observer }: SubmitDeps, submitted: SubmittedMetrics): Validated {
  try {
    return validate(submitted);
  } catch (error) {
    // Counted here, because only here is it known to be a submission.
    if (error instanceof ServiceError) observer.onRefused(error.violations);
    throw error;
  }
}

function bindService({ serviceBinding, observer }: SubmitDeps, call: Call, service: string): void {
  if (mayWrite(call.principal, service)) return;
  observer.onForeignService(call, service);
  if (serviceBinding === "warn") return;
  throw new ServiceError("service_not_allowed", `this key may not write metrics of service "${service}"`);
}

function describe(call: Call, validated: Validated): SubmitAnswer {
  const { rejections, warnings } = validated;
  return {
    status: "success",
    accepted: validated.measurements.length,
    rejected: validated.rejected,
    errors: rejections.map(describeRejection),
    request_id: call.requestId,
    ...(warnings.length > 0 && { warnings }),
    ...(rejections.length > 0 && { rejections }),
  };
}

function createSubmission(
  call: Call,
  submitted: SubmittedMetrics,
  validated: Validated,
  answer: SubmitAnswer,
): Submission {
  const { service, version, instanceId, idempotencyKey, measurements } = validated;
  const source = { service, version, instanceId, apiKeyId: call.principal.apiKeyId };
  const idempotency = idempotencyKey !== undefined && {
    key: idempotencyKey,
    fingerprint: fingerprint(validated, submitted.metrics),
    answer: JSON.stringify(answer),
  };
  return { source, requestNumber: call.requestNumber, measurements, idempotency: idempotency || undefined };
}

/** Answer what was answered before. @throws {ServiceError} `idempotency_conflict` for another request. */
function repeat(earlier: StoredAnswer, { idempotency }: Submission): SubmitAnswer {
  if (earlier.fingerprint !== idempotency?.fingerprint) {
    throw new ServiceError("idempotency_conflict", "this idempotency key was used with another request");
  }
  return { ...(JSON.parse(earlier.answer) as SubmitAnswer), duplicate: true };
}

import { type Call, mayWrite } from "../access/call.ts";
import type { Measurement } from "../catalogue/measurement.ts";
import { ServiceError, type Violation } from "../errors.ts";
import { fingerprint } from "../ingest/fingerprint.ts";
import type { SubmittedMetrics } from "../ingest/submission.ts";
import type { Validate, Validated } from "../ingest/validate.ts";
import { describeRejection, type Rejection, toViolation } from "../ingest/validate-fields.ts";
import type { StoredAnswer } from "../store/metrics.ts";
import type { Submission } from "../store/submission.ts";
import type { Sender } from "../telemetry/series/tenants.ts";

/** The answer, under the names that the schema and the REST body share. */
export interface SubmitAnswer {
  readonly status: "success";
  /** Metrics stored, or in memory with `ack: "buffered"`. */
  readonly accepted: number;
  /** Metrics not stored. */
  readonly rejected: number;
  /** A line for each broken rule. */
  readonly errors: readonly string[];
  readonly request_id: string;
  /** Set: the request was stored before, and this is what it was answered then. */
  readonly duplicate?: true;
  readonly warnings?: readonly string[];
  /** The broken rules, for programs. */
  readonly rejections?: readonly Rejection[];
}

export type Submit = (call: Call, submitted: SubmittedMetrics) => Promise<SubmitAnswer>;

/** Decides whether a key may write under a service's name. */
export interface ServiceBinding {
  /** Whether a key that writes another service's name is rejected, or only reported. */
  readonly serviceBinding: "strict" | "warn";
  readonly observer: Pick<SubmitObserver, "onForeignService">;
}

export interface SubmitDeps extends ServiceBinding {
  readonly validate: Validate;
  /**
   * Resolves once the submission is on disk; to the earlier answer when its idempotency key was used.
   * Throws at once when it cannot be queued.
   */
  readonly enqueue: (submission: Submission) => Promise<StoredAnswer | undefined>;
  /** Counts what is on disk in the exported series. */
  readonly export: (sender: Sender, measurements: readonly Measurement[]) => void;
  /** `buffered`: answer before the disk has the metrics, unless the call carries an idempotency key. */
  readonly ack: "durable" | "buffered";
  readonly observer: SubmitObserver;
}

/** What became of the metrics of one service. */
export interface IngestOutcome {
  /** Metrics that are stored. */
  readonly accepted: number;
  readonly rejected: number;
  readonly rejections: readonly Violation[];
  /** What was left out of those that are stored. */
  readonly leftOut?: readonly Violation[];
}

/** What is counted and logged of submissions. None of these may throw. */
export interface SubmitObserver {
  /** A submission was rejected as a whole. */
  readonly onRejected: (violations: readonly Violation[]) => void;
  readonly onAnswer: (call: Call, service: string, outcome: IngestOutcome) => void;
  /** A key wrote, or tried to write, under the name of a service that it is not bound to. */
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
  const { validate, enqueue, observer } = deps;
  return async (call, submitted) => {
    let validated: Validated;
    try {
      validated = validate(submitted, call.principal.apiKeyId);
    } catch (error) {
      // Counted here, because only here is it known to be a submission.
      if (error instanceof ServiceError) observer.onRejected(error.violations);
      throw error;
    }
    const { service, instanceId, measurements } = validated;
    const notAllowed = checkService(deps, call, service);
    if (notAllowed !== undefined) throw new ServiceError("service_not_allowed", notAllowed);
    const answer = describe(call, validated);
    const { idempotencyKey } = validated;
    const submission: Submission = {
      source: { service, version: validated.version, instanceId, apiKeyId: call.principal.apiKeyId },
      requestNumber: call.requestNumber,
      measurements,
      idempotency:
        idempotencyKey === undefined
          ? undefined
          : {
              key: idempotencyKey,
              // At once, for all of them: nothing that comes later is to be stored before.
              fingerprint: fingerprint(validated, submitted.metrics),
              answer: JSON.stringify(answer),
            },
    };
    const stored = enqueue(submission).then((earlier) => {
      const sender = { service, instanceId, owner: call.principal.service };
      if (earlier === undefined) deps.export(sender, measurements);
      return earlier;
    });
    if (deps.ack === "buffered" && submission.idempotency === undefined) {
      stored.catch((error: unknown) => observer.onLost(call, measurements.length, error));
    } else {
      const earlier = await stored;
      if (earlier !== undefined) return repeat(earlier, submission);
    }
    const rejections = validated.rejections.map(toViolation);
    observer.onAnswer(call, service, {
      accepted: measurements.length,
      rejected: validated.rejected,
      rejections,
    });
    return answer;
  };
}

/** Why the caller's key may not write metrics of `service`; undefined where it may. Reports foreign names. */
export function checkService(
  { serviceBinding, observer }: ServiceBinding,
  call: Call,
  service: string,
): string | undefined {
  if (mayWrite(call.principal, service)) return undefined;
  observer.onForeignService(call, service);
  return serviceBinding === "warn" ? undefined : `this key may not write metrics of service "${service}"`;
}

function describe(call: Call, { measurements, rejected, rejections, warnings }: Validated): SubmitAnswer {
  return {
    status: "success",
    accepted: measurements.length,
    rejected,
    errors: rejections.map(describeRejection),
    request_id: call.requestId,
    ...(warnings.length > 0 && { warnings }),
    ...(rejections.length > 0 && { rejections }),
  };
}

/** Answer what was answered before. @throws {ServiceError} `idempotency_conflict` for another request. */
function repeat(earlier: StoredAnswer, { idempotency }: Submission): SubmitAnswer {
  if (earlier.fingerprint !== idempotency?.fingerprint) {
    throw new ServiceError("idempotency_conflict", "this idempotency key was used with another request");
  }
  return { ...(JSON.parse(earlier.answer) as SubmitAnswer), duplicate: true };
}

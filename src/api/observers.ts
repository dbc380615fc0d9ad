import type { AdmissionObserver } from "../access/admission.ts";
import { keyFields, type Principal } from "../access/call.ts";
import { FAILURES, type ServiceError, type Violation } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import type { RetentionObserver } from "../maintenance/retention-runs.ts";
import type { AnsweredHttpRequest } from "../telemetry/self/self-metrics.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { createRejectionLog, fieldLabel } from "./rejection-log.ts";
import type { SubmitObserver } from "./submit.ts";

/** A request that failed. */
export interface RejectedRequest {
  readonly requestId: string;
  /** Whose key it came with; undefined where that was no valid one. */
  readonly principal: Principal | undefined;
  readonly failure: ServiceError;
}

/** What the layers report, turned into self-metrics and log lines. The layers know neither. */
export function createObservers(
  { selfMetrics }: Telemetry,
  logger: Logger,
  clock: Pick<Clock, "monotonicMs">,
) {
  const ingestLog = logger.named("ingest");
  const logRejections = createRejectionLog(ingestLog, clock);
  const admission: AdmissionObserver = {
    onKey: (service, status) => selfMetrics.apiKeyRequest(service ?? "_unknown", status),
    onRateLimited: (service) => selfMetrics.rateLimitHit(service),
  };
  const onAttemptsLimited = (refused: number, network: string) =>
    logger.named("access").warn("too many failed authentications", { refused, network });
  // One line a pair: a misconfigured gateway sends thousands of requests a minute.
  const reportedBindings = new Set<string>();
  const countViolations = (violations: readonly Violation[]) => {
    for (const { field, reason } of violations) selfMetrics.validationError(fieldLabel(field), reason);
  };
  const submit: SubmitObserver = {
    onRejected: countViolations,
    onAnswer({ requestId, principal }, service, { accepted, rejected, rejections, leftOut = [] }) {
      if (rejected > 0 || ingestLog.isDebug) {
        const message = `Processed ${accepted} metrics from ${service}`;
        const log = rejected > 0 ? ingestLog.info : ingestLog.debug;
        log(message, { request_id: requestId, service, accepted, rejected });
      }
      if (rejections.length + leftOut.length === 0) return;
      countViolations(rejections);
      for (const { field, reason } of leftOut) selfMetrics.fieldLeftOut(fieldLabel(field), reason);
      logRejections({ requestId, key: principal, service, accepted, rejected, reasons: rejections, leftOut });
    },
    onForeignService({ principal, requestId }, service) {
      selfMetrics.serviceBindingViolation(principal.service);
      const pair = `${principal.apiKeyId} ${service}`;
      if (reportedBindings.has(pair) || reportedBindings.size >= 1000) return;
      reportedBindings.add(pair);
      const fields = {
        request_id: requestId,
        ...keyFields(principal),
        key_service: principal.service,
        service,
      };
      ingestLog.warn("a key writes metrics of another service", fields);
    },
    onLost({ requestId }, metrics, error) {
      ingestLog.error("buffered metrics could not be stored", { request_id: requestId, metrics, error });
    },
  };
  /**
   * A request with metrics failed as a whole, through whichever door. What is not its own doing, such as a full
   * queue, is said where it happens.
   */
  const onRequestRejected = ({ requestId, principal, failure }: RejectedRequest) => {
    const { reason, message, violations } = failure;
    if (FAILURES[reason].httpStatus >= 500) return;
    const reasons = violations.length > 0 ? violations : [{ field: "", reason, message }];
    const rejected = failure.rejected > 0 ? { rejected: failure.rejected } : {};
    logRejections({ requestId, key: principal, service: principal?.service, reasons, ...rejected });
  };
  const retention: RetentionObserver = {
    onDeleted: (rows) => selfMetrics.retentionDeleted(rows),
    onFailed: () => selfMetrics.retentionCleanupError(),
  };
  return {
    admission,
    onAttemptsLimited,
    submit,
    /** A request was answered, whatever became of it. */
    onAnswered(answered: AnsweredHttpRequest & { readonly rejected: RejectedRequest | undefined }) {
      selfMetrics.httpRequest(answered);
      if (answered.rejected !== undefined) onRequestRejected(answered.rejected);
    },
    retention,
    /** A defect: the caller gets `internal`, the log the cause. */
    onUnexpected(
      { requestId, endpoint }: { readonly requestId: string; readonly endpoint: string },
      error: unknown,
    ) {
      logger.error("a request failed unexpectedly", { request_id: requestId, endpoint, error });
    },
    onStoreCall: selfMetrics.databaseOperation,
  };
}

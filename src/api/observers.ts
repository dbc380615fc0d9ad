import type { AdmissionObserver } from "../access/admission.ts";
import type { Violation } from "../errors.ts";
import type { Logger } from "../lib/logger.ts";
import type { RetentionObserver } from "../maintenance/retention-runs.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { SubmitObserver } from "./submit.ts";

/** What the layers report, turned into self-metrics and log lines. The layers know neither. */
export function createObservers({ selfMetrics }: Telemetry, logger: Logger) {
  const ingestLog = logger.named("ingest");
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
    onAnswer({ requestId }, service, { measurements, rejected, rejections }) {
      const fields = { request_id: requestId, service, accepted: measurements.length, rejected };
      const message = `Processed ${measurements.length} metrics from ${service}`;
      if (rejected === 0) return ingestLog.debug(message, fields);
      ingestLog.info(message, fields);
      countViolations(rejections);
    },
    onForeignService({ principal, requestId }, service) {
      selfMetrics.serviceBindingViolation(principal.service);
      const pair = `${principal.apiKeyId} ${service}`;
      if (reportedBindings.has(pair) || reportedBindings.size >= 1000) return;
      reportedBindings.add(pair);
      const fields = {
        request_id: requestId,
        key_id: principal.apiKeyId,
        key_service: principal.service,
        service,
      };
      ingestLog.warn("a key writes metrics of another service", fields);
    },
    onLost({ requestId }, metrics, error) {
      ingestLog.error("buffered metrics could not be stored", { request_id: requestId, metrics, error });
    },
  };
  const retention: RetentionObserver = {
    onDeleted: (rows) => selfMetrics.retentionDeleted(rows),
    onFailed: () => selfMetrics.retentionCleanupError(),
  };
  return {
    admission,
    onAttemptsLimited,
    submit,
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

/** The broken rule's place without what the client chose: `metrics[3].dimensions.foo` counts as `dimensions`. */
function fieldLabel(field: string): string {
  return field.replace(/^metrics\[\d+\]\.?/, "").split(".", 1)[0] || "metric";
}

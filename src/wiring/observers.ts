import type { AdmissionObserver } from "../access/admission.ts";
import type { SubmitObserver } from "../api/submit.ts";
import type { Violation } from "../errors.ts";
import type { Logger } from "../lib/logger.ts";
import type { RetentionObserver } from "../maintenance/retention-runs.ts";
import type { Operations } from "../sqlite/threads/operations.ts";
import type { ReaderOperations } from "../sqlite/threads/reader-operations.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { Exchange } from "../transport/http/exchange.ts";

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
    onRefused: countViolations,
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
    onUnexpected({ requestId, endpoint }: Exchange, error: unknown) {
      logger.error("a request failed unexpectedly", { request_id: requestId, endpoint, error });
    },
    onOperation(name: keyof Operations, seconds: number, failed: boolean) {
      selfMetrics.databaseOperation({ ...OPERATION_LABELS[name], seconds, failed });
    },
    onQuery(name: keyof ReaderOperations, seconds: number, failed: boolean) {
      selfMetrics.databaseOperation({ operation: "select", table: QUERY_TABLES[name], seconds, failed });
    },
  };
}

/** The broken rule's place without what the client chose: `metrics[3].dimensions.foo` counts as `dimensions`. */
function fieldLabel(field: string): string {
  return field.replace(/^metrics\[\d+\]\.?/, "").split(".", 1)[0] || "metric";
}

const QUERY_TABLES: Readonly<Record<keyof ReaderOperations, string>> = {
  aggregate: "rollups",
  events: "metrics",
  latestValues: "latest_values",
  survey: "all",
  chart: "server_metrics",
  serverEvents: "server_events",
  serverUses: "server_usage",
};

const OPERATION_LABELS: Readonly<Record<keyof Operations, { operation: string; table: string }>> = {
  commitMetrics: { operation: "insert", table: "metrics" },
  commitDirectory: { operation: "insert", table: "server_metrics" },
  listServers: { operation: "select", table: "servers" },
  listMetricNames: { operation: "select", table: "server_series" },
  registerServer: { operation: "insert", table: "servers" },
  updateServer: { operation: "update", table: "servers" },
  setServerSecret: { operation: "update", table: "servers" },
  rotateServerKey: { operation: "update", table: "api_keys" },
  recomputeDay: { operation: "upsert", table: "server_metrics_daily" },
  flushRollups: { operation: "upsert", table: "rollups" },
  deleteRollupKeys: { operation: "delete", table: "rollup_keys" },
  truncateLog: { operation: "checkpoint", table: "none" },
  probe: { operation: "probe", table: "none" },
  deleteExpiredAnswers: { operation: "delete", table: "idempotency_keys" },
  findSeries: { operation: "select", table: "cumulative_series" },
  deleteEndedSeries: { operation: "delete", table: "cumulative_series" },
  listKeys: { operation: "select", table: "api_keys" },
  createKey: { operation: "insert", table: "api_keys" },
  revokeKey: { operation: "update", table: "api_keys" },
  rotateKey: { operation: "update", table: "api_keys" },
  syncEnvironmentKeys: { operation: "update", table: "api_keys" },
  recordUsage: { operation: "upsert", table: "api_key_usage_log" },
  listDailyUsage: { operation: "select", table: "api_key_daily_usage" },
  recordAudit: { operation: "insert", table: "admin_audit_log" },
  finishAudit: { operation: "update", table: "admin_audit_log" },
  listAudit: { operation: "select", table: "admin_audit_log" },
  listPolicies: { operation: "select", table: "retention_policies" },
  setPolicy: { operation: "update", table: "retention_policies" },
  applyDefaultRetention: { operation: "update", table: "retention_policies" },
  deleteExpired: { operation: "delete", table: "expired" },
  surveyTable: { operation: "count", table: "all" },
  giveBackSpace: { operation: "vacuum", table: "none" },
  readTrustedTime: { operation: "select", table: "trusted_time" },
  saveTrustedTime: { operation: "update", table: "trusted_time" },
  countUngoverned: { operation: "count", table: "all" },
  databaseSize: { operation: "select", table: "none" },
  lastRequestNumber: { operation: "select", table: "metrics" },
};

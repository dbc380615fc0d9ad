import { type Duration, durationMs, type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import {
  type RetentionPolicy as PolicyMessage,
  type RetentionPreview as PreviewMessage,
  type RetentionResult as ResultMessage,
  RetentionStatus,
} from "../../gen/mcp/metrics/v1/admin_service_pb.js";
import type { RetentionAdministration, RetentionPreview, RetentionResult } from "../api/admin/retention.ts";
import { connectAdmin, unwrapRpcError } from "./admin-client.ts";

/**
 * Every value of the enum, so that a new one does not compile without an entry. Unspecified: a newer
 * service's.
 */
const STATUS: Readonly<Record<RetentionStatus, RetentionResult["status"]>> = {
  [RetentionStatus.UNSPECIFIED]: "error",
  [RetentionStatus.COMPLETED]: "completed",
  [RetentionStatus.DRY_RUN]: "dry_run",
  [RetentionStatus.SKIPPED]: "skipped",
  [RetentionStatus.ERROR]: "error",
};

/**
 * Administer the retention of a running service on this machine as if its database were open here. `run`
 * answers when the cleanup has ended, which paces itself behind the service's ingest and may take minutes.
 */
export function createRetentionClient(url: string, adminKey: string): RetentionAdministration {
  const admin = connectAdmin(url, adminKey);
  return {
    policies: async () => (await unwrapRpcError(admin.listRetentionPolicies({}))).policies.map(toPolicy),
    async setPolicy({ tableName, retentionDays, isActive }) {
      const change = {
        ...(retentionDays !== undefined && { retentionDays }),
        ...(isActive !== undefined && { isActive }),
      };
      const answer = await unwrapRpcError(admin.updateRetentionPolicy({ tableName, ...change }));
      if (answer.policy === undefined) throw new Error("the service answered without a policy");
      return { ...toPolicy(answer.policy), untouched: answer.untouched.map(toPolicy) };
    },
    async preview(table) {
      return (await unwrapRpcError(admin.previewRetention({ tableName: table ?? "" }))).previews.map(
        toPreview,
      );
    },
    async run({ table, isDryRun, force }) {
      const request = { tableName: table ?? "", dryRun: isDryRun, force };
      const answer = await unwrapRpcError(admin.runRetention(request));
      return {
        isDryRun: answer.dryRun,
        startedMs: msOf(answer.startedAt) ?? 0,
        completedMs: msOf(answer.completedAt) ?? 0,
        durationSeconds: secondsOf(answer.duration),
        totalRecordsProcessed: Number(answer.totalRecordsProcessed),
        tablesProcessed: answer.tablesProcessed,
        results: answer.results.map(toResult),
      };
    },
  };
}

/** Picks the fields: a message has properties of its own besides (`$typeName`). */
function toPolicy({ tableName, retentionDays, isActive, timestampColumn }: PolicyMessage) {
  return { tableName, retentionDays, isActive, timestampColumn };
}

/** Counts are 64 bits in the message; as numbers they are exact to 2^53. */
function toPreview(preview: PreviewMessage): RetentionPreview {
  return {
    table: preview.tableName,
    retentionDays: preview.retentionDays,
    recordsToDelete: Number(preview.recordsToDelete),
    totalRecords: Number(preview.totalRecords),
    oldestToDeleteMs: msOf(preview.oldestRecordToDelete),
    newestToDeleteMs: msOf(preview.newestRecordToDelete),
    cutoffMs: msOf(preview.cutoffDate) ?? 0,
    percentageToDelete: preview.percentageToDelete,
  };
}

function toResult({ tableName, status, records, duration, retentionDays, reason }: ResultMessage) {
  return {
    table: tableName,
    status: STATUS[status],
    records: Number(records),
    durationSeconds: secondsOf(duration),
    retentionDays,
    reason: reason || undefined,
  };
}

/** ms since 1970 UTC; undefined where the message has no time. */
function msOf(time: Timestamp | undefined): number | undefined {
  return time && timestampMs(time);
}

/** 0 where the message has no duration. */
function secondsOf(duration: Duration | undefined): number {
  return duration === undefined ? 0 : durationMs(duration) / 1000;
}

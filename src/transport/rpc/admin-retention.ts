import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { type AdminService, RetentionStatus } from "../../../gen/mcp/metrics/v1/admin_service_pb.js";
import type { Administration } from "../../api/admin/administration.ts";
import type { Actor } from "../../api/admin/audit.ts";
import type { RetentionResult } from "../../api/admin/retention.ts";
import { type PageBounds, readPage } from "../../api/page.ts";
import { admittedOf } from "./context.ts";
import { fromSeconds, timestamps } from "./times.ts";

/** The RPCs of AdminService that are implemented here. */
type RetentionRpcs = Pick<
  ServiceImpl<typeof AdminService>,
  | "listRetentionPolicies"
  | "updateRetentionPolicy"
  | "previewRetention"
  | "runRetention"
  | "getDatabaseStats"
  | "getDatabaseSize"
  | "listAuditEntries"
>;

/** Every outcome has its word on the wire. */
const STATUS: Readonly<Record<RetentionResult["status"], RetentionStatus>> = {
  completed: RetentionStatus.COMPLETED,
  dry_run: RetentionStatus.DRY_RUN,
  skipped: RetentionStatus.SKIPPED,
  error: RetentionStatus.ERROR,
};

/** The owner of the key, as audit entries name it. */
export function actorOf(context: HandlerContext): Actor {
  const { apiKeyId, prefix, service } = admittedOf(context).call.principal;
  return { apiKeyId, prefix, service };
}

/** Retention, the database and the audit trail, over the same functions as REST and the command line. */
export function retentionRpcs({ retention, database, audit }: Administration): RetentionRpcs {
  return {
    async listRetentionPolicies(_request, context) {
      return { policies: [...(await retention(actorOf(context)).policies())] };
    },
    async updateRetentionPolicy({ tableName, retentionDays, isActive }, context) {
      const change = { tableName, retentionDays, isActive };
      const { untouched, ...policy } = await retention(actorOf(context)).setPolicy(change);
      return { policy, untouched: [...untouched] };
    },
    async previewRetention({ tableName }, context) {
      const previews = await retention(actorOf(context)).preview(tableName || undefined);
      return {
        previews: previews.map(({ table, recordsToDelete, totalRecords, ...preview }) => ({
          tableName: table,
          retentionDays: preview.retentionDays,
          recordsToDelete: BigInt(recordsToDelete),
          totalRecords: BigInt(totalRecords),
          ...timestamps({
            oldestRecordToDelete: preview.oldestToDeleteMs,
            newestRecordToDelete: preview.newestToDeleteMs,
            cutoffDate: preview.cutoffMs,
          }),
          percentageToDelete: preview.percentageToDelete,
        })),
      };
    },
    async runRetention({ tableName, dryRun = true, force }, context) {
      const input = { table: tableName || undefined, isDryRun: dryRun, force };
      const run = await retention(actorOf(context)).run(input);
      return {
        dryRun: run.isDryRun,
        totalRecordsProcessed: BigInt(run.totalRecordsProcessed),
        tablesProcessed: run.tablesProcessed,
        duration: fromSeconds(run.durationSeconds),
        startedAt: timestampFromMs(run.startedMs),
        completedAt: timestampFromMs(run.completedMs),
        results: run.results.map(({ table, status, records, durationSeconds, retentionDays, reason }) => ({
          tableName: table,
          status: STATUS[status],
          records: BigInt(records),
          duration: fromSeconds(durationSeconds),
          retentionDays,
          reason: reason ?? "",
        })),
      };
    },
    async getDatabaseStats() {
      const tables = await database.stats();
      return {
        tables: tables.map(({ table, recordCount, oldestMs, newestMs, policy }) => ({
          tableName: table,
          recordCount: BigInt(recordCount),
          ...timestamps({ oldestRecord: oldestMs, newestRecord: newestMs }),
          hasRetentionPolicy: policy !== undefined,
          ...(policy && { retentionDays: policy.retentionDays, policyActive: policy.isActive }),
        })),
      };
    },
    async getDatabaseSize() {
      const size = await database.size();
      return {
        mainDbBytes: BigInt(size.mainBytes),
        walBytes: BigInt(size.walBytes),
        totalBytes: BigInt(size.totalBytes),
        pageCount: BigInt(size.pageCount),
        pageSize: size.pageSize,
        freePages: BigInt(size.freePages),
        usedPages: BigInt(size.usedPages),
        databaseEfficiency: size.efficiencyPercent,
      };
    },
    async listAuditEntries(request) {
      const read = ({ lastId, limit }: PageBounds) => audit.list(lastId, limit);
      const { rows, nextPageToken } = await readPage(request, read, ({ id }) => id);
      return {
        entries: rows.map(({ id, timestampMs, apiKeyId, apiKeyPrefix = "", details, ...entry }) => ({
          ...entry,
          id: BigInt(id),
          timestamp: timestampFromMs(timestampMs),
          apiKeyId: BigInt(apiKeyId),
          apiKeyPrefix,
          details: JSON.stringify(details),
        })),
        nextPageToken,
      };
    },
  };
}

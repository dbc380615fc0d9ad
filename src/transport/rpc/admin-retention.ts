import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { type AdminService, RetentionStatus } from "../../../gen/mcp/metrics/v1/admin_service_pb.js";
import type { Administration } from "../../api/admin/administration.ts";
import type { Actor } from "../../api/admin/audit.ts";
import type { RetentionResult } from "../../api/admin/retention.ts";
import { ServiceError } from "../../errors.ts";
import { admittedOf } from "./context.ts";

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

const STATUS: Readonly<Record<RetentionResult["status"], RetentionStatus>> = {
  completed: RetentionStatus.COMPLETED,
  dry_run: RetentionStatus.DRY_RUN,
  skipped: RetentionStatus.SKIPPED,
  error: RetentionStatus.ERROR,
};

const PAGE_SIZE = 100;
const PAGE_SIZE_MAX = 1000;

/** Who calls. */
export function actorOf(context: HandlerContext): Actor {
  const { apiKeyId, service } = admittedOf(context).call.principal;
  return { apiKeyId, service };
}

/** Retention, the database and the audit trail, over the same functions as REST and the command line. */
export function retentionRpcs({ retention, database, audit }: Administration): RetentionRpcs {
  return {
    async listRetentionPolicies(_request, context) {
      return { policies: [...(await retention(actorOf(context)).policies())] };
    },
    async updateRetentionPolicy({ tableName, retentionDays, isActive }, context) {
      return { policy: await retention(actorOf(context)).setPolicy({ tableName, retentionDays, isActive }) };
    },
    async previewRetention({ tableName }, context) {
      const previews = await retention(actorOf(context)).preview(tableName || undefined);
      return {
        previews: previews.map(({ table, recordsToDelete, totalRecords, ...preview }) => ({
          tableName: table,
          retentionDays: preview.retentionDays,
          recordsToDelete: BigInt(recordsToDelete),
          totalRecords: BigInt(totalRecords),
          ...times({
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
        duration: durationFromMs(Math.round(run.durationSeconds * 1000)),
        startedAt: timestampFromMs(run.startedMs),
        completedAt: timestampFromMs(run.completedMs),
        results: run.results.map(({ table, status, records, durationSeconds, retentionDays, reason }) => ({
          tableName: table,
          status: STATUS[status],
          records: BigInt(records),
          duration: durationFromMs(Math.round(durationSeconds * 1000)),
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
          ...times({ oldestRecord: oldestMs, newestRecord: newestMs }),
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
    async listAuditEntries({ pageSize, pageToken }) {
      if (pageSize < 0 || pageSize > PAGE_SIZE_MAX)
        throw invalid("page_size", `page_size is 0 to ${PAGE_SIZE_MAX}`);
      if (!/^\d{0,15}$/.test(pageToken)) throw invalid("page_token", "page_token is not one of ours");
      const rows = pageSize || PAGE_SIZE;
      const entries = await audit.list(pageToken === "" ? undefined : Number(pageToken), rows);
      return {
        entries: entries.map(({ id, timestampMs, apiKeyId, details, ...entry }) => ({
          ...entry,
          id: BigInt(id),
          timestamp: timestampFromMs(timestampMs),
          apiKeyId: BigInt(apiKeyId),
          details: JSON.stringify(details),
        })),
        nextPageToken: entries.length < rows ? "" : String(entries.at(-1)?.id),
      };
    },
  };
}

/** Times in ms as messages; those that are undefined are left out. */
function times<Name extends string>(ms: { readonly [name in Name]: number | undefined }) {
  const found = Object.entries<number | undefined>(ms).flatMap(([name, at]) =>
    at === undefined ? [] : [[name, timestampFromMs(at)] as const],
  );
  return Object.fromEntries(found) as { [name in Name]?: ReturnType<typeof timestampFromMs> };
}

function invalid(field: string, message: string): ServiceError {
  return new ServiceError("validation_failed", message, {
    violations: [{ field, reason: "invalid", message }],
  });
}

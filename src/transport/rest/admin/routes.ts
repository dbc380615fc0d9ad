import type { Administration } from "../../../api/admin/administration.ts";
import type { RetentionPreview, RetentionResult, RetentionRun } from "../../../api/admin/retention.ts";
import { RULES } from "../../../api/rules.ts";
import type { RestAnswer } from "../../http/answer.ts";
import type { RestCall, RestMethods, RestRoute } from "../../http/rest-handler.ts";
import type { RouteDocument } from "../../http/route-document.ts";
import * as documents from "./documents.ts";
import { readParameters } from "./parameters.ts";

/** Administration as the predecessor's clients know it. Key administration is for RPCs and the command line. */
export function adminRoutes({
  retention,
  database,
}: Administration): readonly (readonly [string, RestMethods])[] {
  const retentionFor = ({ principal }: RestCall) =>
    retention({ apiKeyId: principal.apiKeyId, service: principal.service });
  const route = (
    operation: keyof typeof RULES.admin,
    document: RouteDocument,
    answer: (call: RestCall) => Promise<object>,
  ): RestRoute => ({
    rule: RULES.admin[operation],
    reads: "json if present",
    document,
    answer: async (call: RestCall): Promise<RestAnswer> => ({ status: 200, body: await answer(call) }),
  });

  const preview = route("previewRetention", documents.PREVIEW, async (call) => {
    const table = readParameters(call).text("table_name");
    const previews = await retentionFor(call).preview(table || undefined);
    return Object.fromEntries(previews.map((each) => [each.table, previewJson(each)]));
  });

  const cleanup = route("runRetention", documents.CLEANUP, async (call) => {
    const parameters = readParameters(call);
    const table = parameters.text("table_name") || undefined;
    const isDryRun = parameters.flag("dry_run") ?? true;
    const run = await retentionFor(call).run({ table, isDryRun, force: parameters.flag("force") ?? false });
    const [only] = run.results;
    return table !== undefined && only !== undefined ? resultJson(only, isDryRun) : runJson(run);
  });

  const policies = route("listRetentionPolicies", documents.POLICIES, async (call) => {
    const found = await retentionFor(call).policies();
    return Object.fromEntries(
      found.map(({ tableName, retentionDays, isActive, timestampColumn }) => [
        tableName,
        {
          table_name: tableName,
          retention_days: retentionDays,
          is_active: isActive,
          timestamp_column: timestampColumn,
        },
      ]),
    );
  });

  const setPolicy = route("updateRetentionPolicy", documents.SET_POLICY, async (call) => {
    const parameters = readParameters(call);
    const { tableName, retentionDays, isActive } = await retentionFor(call).setPolicy({
      tableName: call.pathParameter,
      retentionDays: parameters.number("retention_days"),
      isActive: parameters.flag("is_active"),
    });
    return {
      status: "success",
      message: `Updated retention policy for ${tableName}`,
      table_name: tableName,
      retention_days: retentionDays,
      is_active: isActive,
    };
  });

  return [
    ["/admin/retention/preview", { GET: preview }],
    ["/admin/retention/cleanup", { POST: cleanup }],
    ["/admin/retention/policies", { GET: policies }],
    ["/admin/retention/policies/{table}", { PUT: setPolicy }],
    ["/admin/database/stats", { GET: route("getDatabaseStats", documents.STATS, () => statsJson(database)) }],
    ["/admin/database/size", { GET: route("getDatabaseSize", documents.SIZE, () => sizeJson(database)) }],
  ];
}

const isoOrNull = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());

function previewJson(preview: RetentionPreview) {
  return {
    retention_days: preview.retentionDays,
    records_to_delete: preview.recordsToDelete,
    total_records: preview.totalRecords,
    oldest_record_to_delete: isoOrNull(preview.oldestToDeleteMs),
    newest_record_to_delete: isoOrNull(preview.newestToDeleteMs),
    cutoff_date: isoOrNull(preview.cutoffMs),
    percentage_to_delete: preview.percentageToDelete,
  };
}

function resultJson(result: RetentionResult, isDryRun: boolean) {
  return {
    table: result.table,
    status: result.status,
    [isDryRun ? "records_would_delete" : "records_deleted"]: result.records,
    duration_seconds: result.durationSeconds,
    retention_days: result.retentionDays,
    ...(result.reason !== undefined && { reason: result.reason }),
  };
}

function runJson(run: RetentionRun) {
  return {
    operation: run.isDryRun ? "dry_run" : "cleanup",
    total_records_processed: run.totalRecordsProcessed,
    tables_processed: run.tablesProcessed,
    duration_seconds: run.durationSeconds,
    started_at: isoOrNull(run.startedMs),
    completed_at: isoOrNull(run.completedMs),
    table_results: Object.fromEntries(
      run.results.map((result) => [result.table, resultJson(result, run.isDryRun)]),
    ),
  };
}

async function statsJson(database: Administration["database"]) {
  const tables = await database.stats();
  return Object.fromEntries(
    tables.map(({ table, recordCount, oldestMs, newestMs, policy }) => [
      table,
      {
        record_count: recordCount,
        oldest_record: isoOrNull(oldestMs),
        newest_record: isoOrNull(newestMs),
        has_retention_policy: policy !== undefined,
        retention_days: policy?.retentionDays ?? null,
        policy_active: policy?.isActive ?? null,
      },
    ]),
  );
}

async function sizeJson(database: Administration["database"]) {
  const size = await database.size();
  return {
    main_db_bytes: size.mainBytes,
    main_db_mb: inUnits(size.mainBytes, 2 ** 20, 2),
    wal_bytes: size.walBytes,
    wal_mb: inUnits(size.walBytes, 2 ** 20, 2),
    total_bytes: size.totalBytes,
    total_mb: inUnits(size.totalBytes, 2 ** 20, 2),
    total_gb: inUnits(size.totalBytes, 2 ** 30, 3),
    page_count: size.pageCount,
    page_size: size.pageSize,
    free_pages: size.freePages,
    used_pages: size.usedPages,
    database_efficiency: size.efficiencyPercent,
  };
}

function inUnits(bytes: number, unit: number, places: number): number {
  return Number((bytes / unit).toFixed(places));
}

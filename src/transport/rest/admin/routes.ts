import type { Administration } from "../../../api/admin/administration.ts";
import type {
  RetentionAdministration,
  RetentionPreview,
  RetentionResult,
  RetentionRun,
} from "../../../api/admin/retention.ts";
import { RULES } from "../../../api/rules.ts";
import { ok } from "../answer.ts";
import type { KeyedRequest, RestAnswer, RestRoutes, RestService } from "../route.ts";
import { readParameters } from "./parameters.ts";

/** Administration as the predecessor's clients know it. Key administration is for RPCs and the command line. */
export const ADMIN_ROUTES = {
  "GET /admin/retention/preview": {
    rule: RULES.admin.previewRetention,
    reads: "json if present",
    answer: previewCleanup,
  },
  "POST /admin/retention/cleanup": {
    rule: RULES.admin.runRetention,
    reads: "json if present",
    answer: cleanUp,
  },
  "GET /admin/retention/policies": {
    rule: RULES.admin.listRetentionPolicies,
    reads: "json if present",
    answer: listPolicies,
  },
  "PUT /admin/retention/policies/{table}": {
    rule: RULES.admin.updateRetentionPolicy,
    reads: "json if present",
    answer: setPolicy,
  },
  "GET /admin/database/stats": {
    rule: RULES.admin.getDatabaseStats,
    reads: "json if present",
    answer: async (_request, { operations }) => ok(await statsJson(operations.administration.database)),
  },
  "GET /admin/database/size": {
    rule: RULES.admin.getDatabaseSize,
    reads: "json if present",
    answer: async (_request, { operations }) => ok(await sizeJson(operations.administration.database)),
  },
} as const satisfies RestRoutes;

/** Retention in the name of the key that calls. */
function retentionFor({ call }: KeyedRequest, { operations }: RestService): RetentionAdministration {
  const { apiKeyId, prefix, service } = call.principal;
  return operations.administration.retention({ apiKeyId, prefix, service });
}

/** `table_name` bounds it to one table. */
async function previewCleanup(request: KeyedRequest, service: RestService): Promise<RestAnswer> {
  const table = readParameters(request).text("table_name");
  const previews = await retentionFor(request, service).preview(table || undefined);
  return ok(Object.fromEntries(previews.map((each) => [each.table, previewJson(each)])));
}

/** A dry run unless `dry_run` is false. Of one table the answer is its result alone. */
async function cleanUp(request: KeyedRequest, service: RestService): Promise<RestAnswer> {
  const parameters = readParameters(request);
  const table = parameters.text("table_name") || undefined;
  const isDryRun = parameters.flag("dry_run") ?? true;
  const force = parameters.flag("force") ?? false;
  const run = await retentionFor(request, service).run({ table, isDryRun, force });
  const [only] = run.results;
  return ok(table !== undefined && only !== undefined ? resultJson(only, isDryRun) : runJson(run));
}

/** The policies by the names of their tables. */
async function listPolicies(request: KeyedRequest, service: RestService): Promise<RestAnswer> {
  const policies = await retentionFor(request, service).policies();
  const entries = policies.map(({ tableName, retentionDays, isActive, timestampColumn }) => [
    tableName,
    {
      table_name: tableName,
      retention_days: retentionDays,
      is_active: isActive,
      timestamp_column: timestampColumn,
    },
  ]);
  return ok(Object.fromEntries(entries));
}

/** Of the table that the path names; what is not given stays as it is. */
async function setPolicy(request: KeyedRequest, service: RestService): Promise<RestAnswer> {
  const parameters = readParameters(request);
  const { tableName, retentionDays, isActive, untouched } = await retentionFor(request, service).setPolicy({
    tableName: request.exchange.pathParameter,
    retentionDays: parameters.number("retention_days"),
    isActive: parameters.flag("is_active"),
  });
  return ok({
    status: "success",
    message: `Updated retention policy for ${tableName}`,
    table_name: tableName,
    retention_days: retentionDays,
    is_active: isActive,
    untouched: untouched.map((policy) => ({
      table_name: policy.tableName,
      retention_days: policy.retentionDays,
      is_active: policy.isActive,
    })),
    ...(untouched.length > 0 && { hint: UNTOUCHED_HINT }),
  });
}

const UNTOUCHED_HINT =
  "Metrics with a table of their own go by its policy alone; change each with PUT /admin/retention/policies/{table}";

/** ISO 8601, or null where there is no such time. */
const isoOrNull = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());

/** What a cleanup would delete of one table. */
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

/** What became of one table; the count's name says whether rows were deleted or would be. */
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

/** A whole run. */
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

/** What each table holds, and whether a policy governs it. */
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

/** The sizes of the database's files, in bytes and in the units that the predecessor's clients show. */
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

/** Rounded to so many decimal places. */
function inUnits(bytes: number, unit: number, places: number): number {
  return Number((bytes / unit).toFixed(places));
}

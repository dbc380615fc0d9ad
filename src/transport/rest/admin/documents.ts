import {
  boolean,
  type JsonSchema,
  list,
  mapOf,
  number,
  orNull,
  record,
  string,
  time,
  wholeNumberSchema,
} from "../../schema/json-schema.ts";
import { pathParameter, queryParameter, type RouteDocument } from "../../schema/route-document.ts";
import type { ADMIN_ROUTES } from "./routes.ts";

const group = "Administration";
const DAYS = wholeNumberSchema("How long rows are kept, in days.", { minimum: 1, maximum: 36_500 });
const IS_ACTIVE = boolean("Whether the policy is carried out.");
const TABLE = string("A table or view with a policy; none means all.");
const ACTS = ["storage_unavailable", "shutting_down"] as const;

const answer = (description: string, schema: JsonSchema) => ({ 200: { description, schema } });

const PREVIEW: RouteDocument = {
  group,
  summary: "See what a cleanup would delete",
  parameters: [queryParameter("table_name", TABLE)],
  answers: answer(
    "By table.",
    mapOf(
      "By table.",
      record(
        {
          retention_days: DAYS,
          records_to_delete: wholeNumberSchema("Rows that are too old."),
          total_records: wholeNumberSchema("All rows."),
          oldest_record_to_delete: orNull(time("The oldest of them.")),
          newest_record_to_delete: orNull(time("The newest of them.")),
          cutoff_date: orNull(time("What is older goes.")),
          percentage_to_delete: number("Of all rows, in percent."),
        },
        {},
        { title: "RetentionPreview" },
      ),
    ),
  ),
  failures: ["malformed_body", "storage_unavailable"],
};

const RESULT = record(
  {
    table: string("The table."),
    status: string("How it ended.", { enum: ["completed", "dry_run", "skipped", "error"] }),
    duration_seconds: number("How long it took."),
    retention_days: DAYS,
  },
  {
    records_deleted: wholeNumberSchema("Rows deleted."),
    records_would_delete: wholeNumberSchema("Rows that a cleanup would delete."),
    reason: string("Why it was skipped or failed."),
  },
  { title: "RetentionResult", description: "A cleanup of one table." },
);

const RUN = record(
  {
    operation: string("What was done.", { enum: ["dry_run", "cleanup"] }),
    total_records_processed: wholeNumberSchema("Rows of all tables."),
    tables_processed: wholeNumberSchema("Tables."),
    duration_seconds: number("How long it took."),
    started_at: time("When it began."),
    completed_at: time("When it ended."),
    table_results: mapOf("By table.", RESULT),
  },
  {},
  { title: "RetentionRun", description: "A cleanup of all tables." },
);

const CLEANUP: RouteDocument = {
  group,
  summary: "Delete what policies have given up, or say what that would be",
  description: "Parameters come as query or as JSON body; given twice, they must agree.",
  parameters: [
    queryParameter("table_name", TABLE),
    queryParameter("dry_run", boolean("Only say what would be deleted.", { default: true })),
    queryParameter("force", boolean("Vouch for the clock of the service's machine.", { default: false })),
  ],
  body: {
    schema: record(
      {},
      {
        table_name: orNull(TABLE),
        dry_run: orNull(boolean("Only say what would be deleted.", { default: true })),
        force: orNull(boolean("Vouch for the clock of the service's machine.", { default: false })),
      },
      { title: "RetentionCleanup" },
    ),
    examples: { "only say what would be deleted": { table_name: "metrics", dry_run: true } },
  },
  answers: answer("What was done: for one table its result.", { anyOf: [RESULT, RUN] }),
  failures: ["malformed_body", ...ACTS],
};

const POLICY = record(
  {
    table_name: string("The table."),
    retention_days: DAYS,
    is_active: IS_ACTIVE,
    timestamp_column: string("Whose age counts."),
  },
  {},
  { title: "RetentionPolicy" },
);

const POLICIES: RouteDocument = {
  group,
  summary: "List retention policies",
  answers: answer("By table.", mapOf("By table.", POLICY)),
  failures: ["storage_unavailable"],
};

const SET_POLICY: RouteDocument = {
  group,
  summary: "Change a retention policy",
  description:
    "In force with the next step of a cleanup, and kept over restarts. At least one of the two is given.",
  parameters: [
    pathParameter("table", "A table or view with a policy.", "metrics"),
    queryParameter("retention_days", DAYS),
    queryParameter("is_active", IS_ACTIVE),
  ],
  body: {
    schema: record(
      {},
      { retention_days: orNull(DAYS), is_active: orNull(IS_ACTIVE) },
      { title: "RetentionChange" },
    ),
    examples: { "keep 30 days": { retention_days: 30 } },
  },
  answers: answer(
    "The policy as stored.",
    record(
      {
        status: string("Always this.", { const: "success" }),
        message: string("The same for people."),
        table_name: string("The table."),
        retention_days: DAYS,
        is_active: IS_ACTIVE,
        untouched: list(
          "The other tables over metrics, whose policies stay as they are; none where this table is not over metrics.",
          record(
            { table_name: string("The table."), retention_days: DAYS, is_active: IS_ACTIVE },
            {},
            { title: "RetentionUntouched" },
          ),
        ),
      },
      { hint: string("How those are changed, for people.") },
      { title: "RetentionChanged" },
    ),
  ),
  failures: ["malformed_body", "validation_failed", ...ACTS],
};

const STATS: RouteDocument = {
  group,
  summary: "Count the rows of every table",
  description: "Reads all of them.",
  answers: answer(
    "By table.",
    mapOf(
      "By table.",
      record(
        {
          record_count: wholeNumberSchema("Rows."),
          oldest_record: orNull(time("The oldest.")),
          newest_record: orNull(time("The newest.")),
          has_retention_policy: boolean("Whether a policy governs it."),
          retention_days: orNull(DAYS),
          policy_active: orNull(IS_ACTIVE),
        },
        {},
        { title: "TableStats" },
      ),
    ),
  ),
  failures: ["storage_unavailable", "deadline_exceeded"],
};

const SIZE: RouteDocument = {
  group,
  summary: "See how much of the disk the database takes",
  answers: answer(
    "Bytes and pages.",
    record(
      {
        main_db_bytes: wholeNumberSchema("The database file."),
        main_db_mb: number("The same in MiB."),
        wal_bytes: wholeNumberSchema("The write-ahead log."),
        wal_mb: number("The same in MiB."),
        total_bytes: wholeNumberSchema("Both."),
        total_mb: number("The same in MiB."),
        total_gb: number("The same in GiB."),
        page_count: wholeNumberSchema("Pages of the file."),
        page_size: wholeNumberSchema("Bytes a page."),
        free_pages: wholeNumberSchema("Pages that wait to be used again."),
        used_pages: wholeNumberSchema("The others."),
        database_efficiency: number("Used pages among all, in percent."),
      },
      {},
      { title: "DatabaseSize" },
    ),
  ),
  failures: ["storage_unavailable"],
};

/** What /openapi.json says of each route; one without a document does not compile. */
export const ADMIN_DOCUMENTS: Readonly<Record<keyof typeof ADMIN_ROUTES, RouteDocument>> = {
  "GET /admin/retention/preview": PREVIEW,
  "POST /admin/retention/cleanup": CLEANUP,
  "GET /admin/retention/policies": POLICIES,
  "PUT /admin/retention/policies/{table}": SET_POLICY,
  "GET /admin/database/stats": STATS,
  "GET /admin/database/size": SIZE,
};

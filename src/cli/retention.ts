import type { RetentionPreview, RetentionResult } from "../api/admin/retention.ts";
import type { Config } from "../config.ts";
import type { RetentionPolicy } from "../store/retention.ts";
import { type LocalAdministration, withAdministration } from "./administration.ts";
import type { CommandRun } from "./commands.ts";
import { CommandError, type Output, table } from "./output.ts";

/** A parsed command line of the group `retention`. */
type RetentionRun = Extract<CommandRun, { name: `retention ${string}` }>;
/** What carries the commands out: the database itself, or the service that holds it. */
type Retention = LocalAdministration["retention"];

/**
 * Runs a `retention` command: through the running service that has the database open, or on the database
 * itself.
 *
 * @throws {CommandError} when the cleanup of a table did not finish. @throws {ServiceError} of the operation.
 */
export function runRetention(run: RetentionRun, config: Config, output: Output): Promise<void> {
  return withAdministration(config, ({ retention }) => carryOut(run, retention, output));
}

/** Nothing is caught here: what an operation rejects is printed by the caller. */
function carryOut(run: RetentionRun, retention: Retention, output: Output): Promise<void> {
  switch (run.name) {
    case "retention list":
      return list(retention, output);
    case "retention preview":
      return preview(retention, run.values.table, output);
    case "retention run":
      return cleanUp(run.values, retention, output);
    case "retention set":
      return set(run.values, retention, output);
  }
}

/** Prints the policies, a line each. */
async function list(retention: Retention, output: Output): Promise<void> {
  const policies = await retention.policies();
  const rows = policies.map(({ tableName, retentionDays, isActive, timestampColumn }) => [
    tableName,
    String(retentionDays),
    isActive ? "active" : "off",
    timestampColumn,
  ]);
  const values = policies.map((policy) => ({
    ...policyJson(policy),
    timestamp_column: policy.timestampColumn,
  }));
  output.print(table(["TABLE", "DAYS", "STATE", "BY"], rows), values);
}

/** Prints what a cleanup would delete of one table, or of all. */
async function preview(retention: Retention, name: string | undefined, output: Output): Promise<void> {
  const previews = await retention.preview(name);
  const rows = previews.map((each) => [
    each.table,
    String(each.retentionDays),
    isoOf(each.cutoffMs) ?? "",
    `${each.recordsToDelete} of ${each.totalRecords}`,
    isoOf(each.oldestToDeleteMs) ?? "-",
    isoOf(each.newestToDeleteMs) ?? "-",
  ]);
  const headings = ["TABLE", "DAYS", "CUTOFF", "TO DELETE", "OLDEST", "NEWEST"];
  output.print(table(headings, rows), previews.map(previewJson));
}

/** The options of `retention run`. */
interface CleanUpValues {
  readonly table: string | undefined;
  /** Without it nothing is deleted. */
  readonly yes: boolean;
  /**
   * The operator vouches for the wall clock, which may be ahead of the time that the service has followed.
   */
  readonly force: boolean;
}

/**
 * Deletes only with `--yes`; without it, rows are counted. A table that fails does not keep the others from
 * being cleaned, and the command fails after printing all of them.
 */
async function cleanUp({ table: name, yes, force }: CleanUpValues, retention: Retention, output: Output) {
  if (force && !yes) throw new CommandError("--force vouches for the clock, which only --yes has a use for");
  const { results } = await retention.run({ table: name, isDryRun: !yes, force });
  const rows = results.map(({ table: each, status, records, durationSeconds, reason }) => [
    each,
    status,
    String(records),
    `${durationSeconds.toFixed(1)} s`,
    reason ?? "",
  ]);
  const headings = ["TABLE", "STATUS", yes ? "DELETED" : "WOULD DELETE", "TIME", "REASON"];
  output.print(table(headings, rows), results.map(resultJson));
  if (!yes) output.remark("Nothing was deleted. To delete, add --yes.");
  if (results.some(({ reason }) => reason === "clock_ahead")) {
    output.remark("The clock is ahead of the time that the service has followed, which rows were judged by.");
    output.remark("If the clock is right, add --yes --force; or let the service run for a day.");
  }
  const failed = results.filter(({ status }) => status === "error").map((result) => result.table);
  if (failed.length > 0) throw new CommandError(`not finished: ${failed.join(", ")}`);
}

/** The arguments of `retention set`; what is absent stays as it is. */
interface SetValues {
  readonly table: string;
  readonly days: number | undefined;
  readonly state: "active" | "off" | undefined;
}

/** Changes a policy and prints what holds now, and what others keep to that somebody may think of as changed. */
async function set({ table: tableName, days, state }: SetValues, retention: Retention, output: Output) {
  const isActive = state === undefined ? undefined : state === "active";
  const { untouched, ...policy } = await retention.setPolicy({ tableName, retentionDays: days, isActive });
  const options = [...(days === undefined ? [] : [`--days ${days}`]), ...(state ? [`--state ${state}`] : [])];
  const lines = [
    `${tableName}: ${keptBy(policy)}`,
    ...untouched.map((other) => `${other.tableName}: not touched, ${keptBy(other)}`),
    ...(untouched.length === 0
      ? []
      : ["Each metric goes by the policy of its type's own table. To change them, too:"]),
    ...untouched.map((other) => `  mcp-metrics retention set ${other.tableName} ${options.join(" ")}`),
  ];
  output.print(lines.join("\n"), { ...policyJson(policy), untouched: untouched.map(policyJson) });
}

function keptBy({ isActive, retentionDays }: RetentionPolicy): string {
  return isActive ? `kept for ${retentionDays} days` : "kept for ever";
}

function policyJson({ tableName, retentionDays, isActive }: RetentionPolicy) {
  return { table_name: tableName, retention_days: retentionDays, is_active: isActive };
}

/** Under the names that REST uses. */
function previewJson(each: RetentionPreview) {
  return {
    table: each.table,
    retention_days: each.retentionDays,
    records_to_delete: each.recordsToDelete,
    total_records: each.totalRecords,
    oldest_record_to_delete: isoOf(each.oldestToDeleteMs) ?? null,
    newest_record_to_delete: isoOf(each.newestToDeleteMs) ?? null,
    cutoff_date: isoOf(each.cutoffMs) ?? null,
    percentage_to_delete: each.percentageToDelete,
  };
}

/** Under the names that REST uses. */
function resultJson({
  table: name,
  status,
  records,
  durationSeconds,
  retentionDays,
  reason,
}: RetentionResult) {
  return {
    table: name,
    status,
    records,
    duration_seconds: durationSeconds,
    retention_days: retentionDays,
    reason: reason ?? null,
  };
}

function isoOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

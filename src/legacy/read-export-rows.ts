/** Rows of a directory's export → what is stored of them, by the rules of submissions. */
import { SERVER_ACTIONS, SERVER_EVENT_TYPES, SERVER_ID } from "../catalogue/directory.ts";
import { LIMITS } from "../catalogue/limits.ts";
import { ServiceError } from "../errors.ts";
import { readTimestamp } from "../ingest/parse-timestamp.ts";
import { readServerMetric } from "../ingest/read-server-metric.ts";
import { type Redacted, redact } from "../ingest/redaction.ts";
import { isRecord } from "../lib/json.ts";
import { hideAddresses } from "../lib/network.ts";
import type { Pseudonymise } from "../lib/pseudonym.ts";
import { DAY_MS } from "../lib/time.ts";
import type { ImportedDay } from "../sqlite/legacy/directory-imports.ts";
import type { ServerEvent, ServerPoint, ServerUse } from "../store/directory.ts";
import type { Cell } from "./export/csv.ts";
import type { ExportRow } from "./export/export-files.ts";
import { booleanOf } from "./read-values.ts";

/** Characters of a text beside a row, such as a version or a tool's id. */
const TEXT_LENGTH_MAX = 200;
/** Ten times as much is searched for people as is kept: an id that the first cut halves ends before the second. */
const SEARCHED_LENGTH_MAX = 10 * TEXT_LENGTH_MAX;
/** As for every key and secret that is chosen elsewhere: shorter ones could be guessed. */
const SECRET = /^[\x20-\x7e]{16,256}$/;

/** A row cannot be stored; the message is the reason that it is counted under. */
export class SkippedRowError extends Error {
  override readonly name = "SkippedRowError";
}

/** What rows are read with. */
export interface RowContext {
  /** ms since 1970 UTC: what happened later is none of these rows. */
  readonly nowMs: number;
  readonly pseudonymise: Pseudonymise;
}

/** Counts what is left out of a row that is stored. */
export type LeaveOut = (what: string) => void;

/** A server with its key and webhook secret as they were: in plain text. */
export interface ExportedServer {
  readonly id: string;
  readonly name: string;
  readonly metricsEnabled: boolean;
  /** Undefined: the export does not say. */
  readonly isPublic: boolean | undefined;
  readonly webhookUrl: string | undefined;
  readonly createdMs: number | undefined;
  readonly lastReceivedMs: number | undefined;
  readonly apiKey: string | undefined;
  readonly webhookSecret: string | undefined;
}

function skip(reason: string): never {
  throw new SkippedRowError(reason);
}

/** Times as PostgreSQL writes them have offsets without minutes: `2025-06-02 14:30:00.5+00`. */
export function msOf(cell: Cell | undefined): number | undefined {
  return readTimestamp(cell?.replace(/(:\d\d(?:\.\d+)?[+-]\d\d)$/, "$1:00"));
}

/** A time that is no further ahead than clocks are. @throws {SkippedRowError} */
function pastOf(field: string, cell: Cell | undefined, nowMs: number): number {
  const ms = msOf(cell) ?? skip(`${field}: invalid`);
  return ms <= nowMs + LIMITS.TIMESTAMP_AHEAD_MS_MAX ? ms : skip(`${field}: too_far_in_the_future`);
}

const textOf = (cell: Cell | undefined) =>
  cell
    ?.replaceAll(/\p{Cc}/gu, " ")
    .slice(0, TEXT_LENGTH_MAX)
    .toWellFormed() || undefined;

/** A server's id in a row. @throws {SkippedRowError} for one that no server can have. */
export function serverIdOf(cell: Cell | undefined): string {
  return cell && SERVER_ID.test(cell) ? cell : skip("server_id: missing or invalid");
}

/** @throws {SkippedRowError} */
export function readServerRow(row: ExportRow, leaveOut: LeaveOut): ExportedServer {
  const id = serverIdOf(row.id ?? row.server_id);
  const secretOf = (field: string, value: Cell) => {
    if (value === null || value === "" || SECRET.test(value)) return value || undefined;
    leaveOut(`${field}: not 16 to 256 printable characters`);
    return undefined;
  };
  const url = row.webhook_url ?? "";
  const isUrl = /^https?:/.test(url) && URL.canParse(url) && url.length <= 2000;
  if (url !== "" && !isUrl) leaveOut("webhook_url: no URL");
  return {
    id,
    name: textOf(row.name ?? row.display_name ?? row.title) ?? id,
    metricsEnabled: flagOf(row.metrics_enabled) ?? true,
    isPublic: flagOf(row.is_public ?? row.public),
    webhookUrl: isUrl ? url : undefined,
    createdMs: msOf(row.created_at),
    lastReceivedMs: msOf(row.metrics_last_received),
    apiKey: secretOf("api_key", row.api_key ?? row.metrics_api_key ?? null),
    webhookSecret: secretOf("webhook_secret", row.webhook_secret ?? null),
  };
}

/** Also as `COPY` writes it: `t` and `f`. */
function flagOf(cell: Cell | undefined): boolean | undefined {
  return cell === "t" ? true : cell === "f" ? false : booleanOf(cell ?? null);
}

/** @throws {SkippedRowError} */
export function readPointRow(
  row: ExportRow,
  nowMs: number,
  admitName: (name: string) => boolean,
  leaveOut: LeaveOut,
): ServerPoint {
  const time = row.recorded_at ?? row.created_at ?? null;
  const timestampMs = msOf(time) ?? skip("recorded_at: invalid");
  const metric = { name: row.metric_name, type: row.metric_type, value: row.metric_value };
  const read = (tags: unknown) => {
    let reason = "";
    const reject = (field: string, why: string) => {
      reason ||= `${field.split(".")[0]}: ${why}`;
    };
    const context = { nowMs, defaultMs: timestampMs, admitName, reject, warn: () => {} };
    return readServerMetric({ ...metric, timestamp: timestampMs, tags }, context) ?? reason;
  };
  const whole = read(jsonOf("metric_tags", row.metric_tags, leaveOut));
  if (typeof whole !== "string") return whole;
  const bare = read({});
  if (typeof bare === "string") return skip(bare);
  leaveOut(whole);
  return bare;
}

/** @throws {SkippedRowError} */
export function readDayRow(row: ExportRow, nowMs: number, admitName: (name: string) => boolean): ImportedDay {
  const startMs = pastOf("metric_date", row.metric_date, nowMs);
  const count = numberOf(row.count_value) ?? skip("count_value: missing");
  if (!Number.isSafeInteger(count) || count < 1) skip("count_value: not a number of metrics");
  const given = numberOf(row.avg_value);
  const sum = numberOf(row.sum_value) ?? (given === undefined ? skip("sum_value: missing") : given * count);
  const average = given ?? sum / count;
  const min = numberOf(row.min_value) ?? average;
  const max = numberOf(row.max_value) ?? average;
  const none = (reason: string) => skip(`metric: ${reason}`);
  const context = {
    nowMs: startMs,
    defaultMs: startMs,
    admitName,
    reject: (_: string, why: string) => none(why),
    warn: () => {},
  };
  const point = readServerMetric({ name: row.metric_name, type: row.metric_type, value: average }, context);
  if (point === undefined) return none("invalid");
  return { name: point.name, type: point.type, day: Math.floor(startMs / DAY_MS), count, sum, min, max };
}

function numberOf(cell: Cell | undefined): number | undefined {
  const number = cell === null || cell === undefined || cell.trim() === "" ? Number.NaN : Number(cell);
  return Number.isFinite(number) ? number : undefined;
}

/** @throws {SkippedRowError} */
export function readEventRow(
  row: ExportRow,
  { nowMs, pseudonymise }: RowContext,
  leaveOut: LeaveOut,
): ServerEvent {
  const type =
    SERVER_EVENT_TYPES.find((known) => known === row.event_type) ?? skip("event_type: unknown_type");
  return {
    serverId: serverIdOf(row.server_id),
    type,
    previousValue: textOf(row.previous_value),
    newValue: textOf(row.new_value),
    details: redacted("details", row.details, pseudonymise, undefined, leaveOut).details,
    // The directory reported it, and not the health checks that are stored here.
    recordedBy: "admin",
    timestampMs: pastOf("created_at", row.created_at, nowMs),
  };
}

/** The people that it names become pseudonyms, everywhere in the row. @throws {SkippedRowError} */
export function readUseRow(
  row: ExportRow,
  { nowMs, pseudonymise }: RowContext,
  leaveOut: LeaveOut,
): ServerUse {
  const action = SERVER_ACTIONS.find((known) => known === row.action) ?? skip("action: unknown");
  const user = row.user_id || undefined;
  const { details, hide } = redacted("details", row.details, pseudonymise, user, leaveOut);
  const client = redacted("client_info", row.client_info, pseudonymise, user, leaveOut).details;
  return {
    serverId: serverIdOf(row.server_id),
    userId: user && pseudonymise(user),
    action,
    toolId: textOf(row.tool_id && hideAddresses(hide(row.tool_id.slice(0, SEARCHED_LENGTH_MAX)))),
    details,
    // Those too whom only the details name.
    clientInfo: JSON.stringify(JSON.parse(client), (_, value) =>
      typeof value === "string" ? hide(value) : value,
    ),
    timestampMs: pastOf("created_at", row.created_at, nowMs),
  };
}

/** JSON of a column without what names people; `{}` for what is no object, or too large. */
function redacted(
  column: string,
  cell: Cell | undefined,
  pseudonymise: Pseudonymise,
  user: string | undefined,
  leaveOut: LeaveOut,
): Redacted {
  try {
    return redact(jsonOf(column, cell, leaveOut), pseudonymise, user);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    leaveOut(`${column}: ${error.violations[0]?.reason}`);
    return redact({}, pseudonymise, user);
  }
}

/** The object that a column holds as JSON; an empty one for anything else. */
function jsonOf(
  column: string,
  cell: Cell | undefined,
  leaveOut: LeaveOut,
): Readonly<Record<string, unknown>> {
  if (cell === null || cell === undefined || cell === "null") return {};
  try {
    const value: unknown = JSON.parse(cell);
    if (isRecord(value)) return value;
  } catch {
    // Counted as whatever else is no object.
  }
  leaveOut(`${column}: not_an_object`);
  return {};
}

import { askerOf, type Call } from "../../access/call.ts";
import { LIMITS } from "../../catalogue/limits.ts";
import { isRecord } from "../../lib/json.ts";
import type { EventRow } from "../../store/queries.ts";
import type { QueryDeps } from "./deps.ts";
import { readPageSize, readPageToken, writePageToken } from "./page-token.ts";
import { readSelection, type SelectionRequest } from "./selection.ts";
import { QueryViolations } from "./violations.ts";

/** Which metrics to list. */
export interface ListEventsRequest extends SelectionRequest {
  /** 0: a hundred. */
  readonly pageSize: number;
  /** Of the page before; "" for the first. */
  readonly pageToken: string;
}

/** A metric as it was submitted. */
export type StoredEvent = EventRow;

/** A page of single metrics, newest first. */
export interface StoredEventsPage {
  /** Each as it was submitted. */
  readonly events: readonly StoredEvent[];
  /** Empty at the end. */
  readonly nextPageToken: string;
}

/** Single metrics, a page at a time. */
export type ListStoredEvents = (
  call: Call,
  request: ListEventsRequest,
  signal: AbortSignal,
) => Promise<StoredEventsPage>;

/** Pages of metrics, read when they are asked for; a bad request is refused when the first one is. */
export type ExportEvents = (
  call: Call,
  request: SelectionRequest,
  signal: AbortSignal,
) => AsyncGenerator<readonly StoredEvent[], void>;

/**
 * Metrics of an export that are read, and held, at a time; to write them takes some milliseconds. A client that
 * takes nothing holds a page, as rows and as text.
 */
const EXPORT_PAGE = { limit: 250, bytesMax: 128 * 1024 };

/** Where a list goes on: what the store says of it, which only the store can read. */
interface ListPosition {
  readonly cursor: string;
  /** When the list began: what arrives later is on no page. */
  readonly moment: string;
}

/** Tokens come from clients: what they hold is checked like any other input, its texts by the store. */
function isListPosition(value: unknown): value is ListPosition {
  return isRecord(value) && typeof value.cursor === "string" && typeof value.moment === "string";
}

/** Newest first. @throws {ServiceError} `validation_failed`, and what `QueryStore` throws. */
export function createListEvents({ store, clock }: QueryDeps): ListStoredEvents {
  return async (call, { pageSize, pageToken, ...same }, signal) => {
    const violations = new QueryViolations();
    const page = readPageToken(pageToken, same, call.principal, isListPosition, violations);
    const asked = page === undefined ? same : { ...same, range: page.range };
    const { selection } = readSelection(asked, call.principal, clock.wallMs(), violations);
    const limit = readPageSize(pageSize, violations);
    violations.throwIfAny();
    const { cursor, moment } = page?.position ?? { cursor: undefined, moment: undefined };
    const query = { ...selection, order: "newest first" as const, cursor, moment, limit };
    const { events, next, moment: began } = await store.events(query, askerOf(call, signal));
    const position = next === undefined ? undefined : { cursor: next, moment: began };
    const nextPageToken =
      position === undefined
        ? ""
        : writePageToken(same, call.principal, { range: selection.range, position });
    return { events, nextPageToken };
  };
}

/**
 * Oldest first, everything up to the moment it begins. Between two pages nothing of the database is held.
 *
 * An end of the range that is left out is where the metrics end, not an hour's: whoever exports wants what is kept.
 * The newest may lie ahead of our clock by as much as a submission may.
 */
export function createExportEvents({ store, clock }: QueryDeps): ExportEvents {
  return async function* (call, request, signal) {
    const violations = new QueryViolations();
    const nowMs = clock.wallMs();
    const { startMs = 0, endMs = nowMs + LIMITS.TIMESTAMP_AHEAD_MS_MAX + 1 } = request.range;
    const whole = { ...request, range: { startMs, endMs } };
    const { selection } = readSelection(whole, call.principal, nowMs, violations);
    violations.throwIfAny();
    let cursor: string | undefined;
    let moment: string | undefined;
    do {
      const query = { ...selection, order: "oldest first" as const, cursor, moment, ...EXPORT_PAGE };
      const answer = await store.events(query, askerOf(call, signal));
      if (answer.events.length > 0) yield answer.events;
      ({ next: cursor, moment } = answer);
    } while (cursor !== undefined);
  };
}

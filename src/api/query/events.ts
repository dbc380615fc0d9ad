import type { Call } from "../../access/call.ts";
import { isRecord } from "../../lib/json.ts";
import type { EventRow, Position } from "../../store/queries.ts";
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

/** Metrics of an export that are read, and held, at a time; to write them takes some milliseconds. */
const EXPORT_PAGE = 250;

/** Where a list goes on. */
interface ListPosition extends Position {
  /** The newest metric when the list began: what arrives later is on no page. */
  readonly lastId: number;
}

/** Tokens come from clients: what they hold is checked like any other input. */
function isListPosition(value: unknown): value is ListPosition {
  return isRecord(value) && [value.timestampMs, value.id, value.lastId].every(Number.isSafeInteger);
}

/** Newest first. @throws {ServiceError} `validation_failed`, and what `Reader` throws. */
export function createListEvents({ reader, clock }: QueryDeps): ListStoredEvents {
  return async ({ principal }, { pageSize, pageToken, ...same }, signal) => {
    const violations = new QueryViolations();
    const page = readPageToken(pageToken, same, principal, isListPosition, violations);
    const asked = page === undefined ? same : { ...same, range: page.range };
    const { selection } = readSelection(asked, principal, clock.wallMs(), violations);
    const limit = readPageSize(pageSize, violations);
    violations.throwIfAny();
    const after = page?.position;
    const query = { ...selection, order: "newest first" as const, after, lastId: after?.lastId, limit };
    const { events, next, lastId } = await reader.events(query, signal);
    const position = next && { ...next, lastId };
    const nextPageToken =
      position === undefined ? "" : writePageToken(same, principal, { range: selection.range, position });
    return { events, nextPageToken };
  };
}

/** Oldest first, everything up to the moment it begins. Between two pages nothing of the database is held. */
export function createExportEvents({ reader, clock }: QueryDeps): ExportEvents {
  return async function* ({ principal }, request, signal) {
    const violations = new QueryViolations();
    const { selection } = readSelection(request, principal, clock.wallMs(), violations);
    violations.throwIfAny();
    let after: Position | undefined;
    let lastId: number | undefined;
    do {
      const query = { ...selection, order: "oldest first" as const, after, lastId, limit: EXPORT_PAGE };
      const answer = await reader.events(query, signal);
      if (answer.events.length > 0) yield answer.events;
      ({ next: after, lastId } = answer);
    } while (after !== undefined);
  };
}

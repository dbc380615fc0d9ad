import type { Event, ListEventsResponse } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import { FilterOperator } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import type { PageState } from "../state/page-state.ts";
import { type QueryScope, toSelection } from "./scope.ts";

export type EventChoice = Pick<PageState, "eventType" | "outcome">;

/** Which events, of those a scope has. */
export function toEventsQuery(scope: QueryScope, { eventType, outcome }: EventChoice, pageSize: number) {
  const { filters, ...selection } = toSelection(scope, eventType === undefined ? [] : [eventType]);
  const values = [String(outcome === "success")];
  const ended = { dimension: "success", operator: FilterOperator.EQUALS, values };
  return { ...selection, filters: outcome === undefined ? filters : [...filters, ended], pageSize };
}

export type EventsQuery = ReturnType<typeof toEventsQuery>;
export type ListEventsCall = (
  request: EventsQuery & { pageToken: string },
  options: { signal: AbortSignal },
) => Promise<ListEventsResponse>;

/** A filter may leave little of a page: so many are asked for until one is full. */
const PAGES_MAX = 5;

export interface EventsPage {
  readonly events: readonly Event[];
  /** Empty when there are no older ones. */
  readonly olderToken: string;
}

/** The newest events, or those that come after `pageToken`: a page's worth, where so many are found. */
export async function readEventsPage(
  listEvents: ListEventsCall,
  request: EventsQuery,
  signal: AbortSignal,
  pageToken = "",
): Promise<EventsPage> {
  const events: Event[] = [];
  let olderToken = pageToken;
  for (let page = 0; page < PAGES_MAX && events.length < request.pageSize; page += 1) {
    const answer = await listEvents({ ...request, pageToken: olderToken }, { signal });
    events.push(...answer.events);
    olderToken = answer.nextPageToken;
    if (olderToken === "") break;
  }
  return { events, olderToken };
}

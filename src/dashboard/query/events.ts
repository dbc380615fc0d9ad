import {
  type Event,
  FilterOperator,
  type ListEventsResponse,
} from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import type { PageState } from "../state/page-state.ts";
import { type QueryScope, toSelection } from "./scope.ts";

/** What the events view narrows its events to, besides the filters of every view. */
export type EventChoice = Pick<PageState, "metricType" | "outcome">;

/**
 * The request for the events of a scope. An outcome becomes a filter on the common dimension `success`,
 * whatever the metric type calls it.
 */
export function toEventListRequest(
  scope: QueryScope,
  { metricType, outcome }: EventChoice,
  pageSize: number,
) {
  const { filters, ...selection } = toSelection(scope, metricType === undefined ? [] : [metricType]);
  const values = [String(outcome === "success")];
  const ended = { dimension: "success", operator: FilterOperator.EQUALS, values };
  return { ...selection, filters: outcome === undefined ? filters : [...filters, ended], pageSize };
}

/** The fields of ListEventsRequest that the page sets. */
export type EventListRequest = ReturnType<typeof toEventListRequest>;
/** The RPC ListEvents, as the generated client has it; tests put their own in its place. */
export type ListEventsCall = (
  request: EventListRequest & { pageToken: string },
  options: { signal: AbortSignal },
) => Promise<ListEventsResponse>;

/**
 * Pages asked for in one go. A filter that few metrics pass can leave a page short or empty although older
 * ones follow; the limit keeps one load from reading the whole history.
 */
const PAGES_MAX = 5;

/** Some events, newest first. */
export interface ShownEvents {
  readonly events: readonly Event[];
  /** For the page after this one; empty when there are no older events. */
  readonly olderToken: string;
}

/**
 * Events until there are `pageSize` of them, none are left, or `PAGES_MAX` pages were read. May answer more
 * than `pageSize`, as whole pages are added.
 *
 * @param pageToken `olderToken` of the page before; empty for the newest events
 * @throws what the call throws, also when `signal` is aborted
 */
export async function readEventsPage(
  listEvents: ListEventsCall,
  request: EventListRequest,
  signal: AbortSignal,
  pageToken = "",
): Promise<ShownEvents> {
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

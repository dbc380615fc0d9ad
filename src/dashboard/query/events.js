import { FilterOperator } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import { toSelection } from "./scope.ts";
/** Which events, of those a scope has. */
export function toEventsRequest(scope, { eventType, outcome }, pageSize) {
  const { filters, ...selection } = toSelection(scope, eventType === undefined ? [] : [eventType]);
  const values = [String(outcome === "success")];
  const ended = { dimension: "success", operator: FilterOperator.EQUALS, values };
  return { ...selection, filters: outcome === undefined ? filters : [...filters, ended], pageSize };
}
/** A filter may leave little of a page: so many are asked for until one is full. */
const PAGES_MAX = 5;
/** The newest events, or those that come after `pageToken`: a page's worth, where so many are found. */
export async function readEvents(listEvents, request, signal, pageToken = "") {
  const events = [];
  let olderToken = pageToken;
  for (let page = 0; page < PAGES_MAX && events.length < request.pageSize; page += 1) {
    const answer = await listEvents({ ...request, pageToken: olderToken }, { signal });
    events.push(...answer.events);
    olderToken = answer.nextPageToken;
    if (olderToken === "") break;
  }
  return { events, olderToken };
}

import { createEventTable } from "../parts/event-table.ts";
import { createPanel } from "../parts/panel.ts";
import { readEvents, toEventsRequest } from "../query/events.ts";

const EVENTS_MAX = 15;
/** The latest of what failed. */
export function recentFailures(id) {
  const table = createEventTable("Recent failures", EVENTS_MAX);
  const failed = { eventType: undefined, outcome: "failure" };
  return createPanel({
    id,
    title: "Recent failures",
    columns: 12,
    body: table.element,
    ask: (api, scope, signal) =>
      readEvents(api.query.listEvents, toEventsRequest(scope, failed, EVENTS_MAX), signal),
    render: ({ events }) => table.show(events),
    isEmpty: ({ events }) => events.length === 0,
    emptyText: "Nothing failed in this time.",
  });
}

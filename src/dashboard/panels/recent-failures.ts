import { createEventTable } from "../parts/event-table.ts";
import { createPanel, type Panel } from "../parts/panel.ts";
import { readEventsPage, type ShownEvents, toEventListRequest } from "../query/events.ts";

/** Rows of the table; the events view has all of them. */
const EVENTS_MAX = 15;

/**
 * The newest metrics whose outcome was a failure, under the filters and in the time of the page.
 *
 * @param id unique among the panels of the page
 */
export function recentFailures(id: string): Panel {
  const table = createEventTable("Recent failures", EVENTS_MAX);
  const failed = { metricType: undefined, outcome: "failure" } as const;
  return createPanel<ShownEvents>({
    id,
    title: "Recent failures",
    hint: "Of every metric type",
    columns: 12,
    body: table.element,
    query: (api, scope, signal) =>
      readEventsPage(api.query.listEvents, toEventListRequest(scope, failed, EVENTS_MAX), signal),
    render: ({ events }) => table.show(events),
    isEmpty: ({ events }) => events.length === 0,
    emptyText: "Nothing failed in this time.",
  });
}

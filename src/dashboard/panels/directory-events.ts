import type { ListEventsResponse, ServerEvent } from "../../../gen/mcp/directory/v1/directory_service_pb.js";
import { nameText } from "../dom/element.ts";
import { NOTHING } from "../format/numbers.ts";
import { formatInstant, formatMoment } from "../format/time.ts";
import { createPanel, type Panel } from "../parts/panel.ts";
import { type PlainColumn, plainTable, scrollBox } from "../parts/plain-table.ts";

/** Rows of the table; older ones are left to the RPC. */
const EVENTS_MAX = 20;

const msOf = ({ timestamp }: ServerEvent) => Number(timestamp?.seconds ?? 0) * 1000;

const COLUMNS: readonly PlainColumn<ServerEvent>[] = [
  { title: "Time", cell: (event) => formatMoment(msOf(event)), hint: (event) => formatInstant(msOf(event)) },
  { title: "Event", cell: ({ eventType }) => nameText(eventType) },
  { title: "Before", cell: ({ previousValue }) => nameText(previousValue || NOTHING) },
  { title: "After", cell: ({ newValue }) => nameText(newValue || NOTHING) },
  { title: "Recorded by", cell: ({ recordedBy }) => nameText(recordedBy) },
];

/**
 * What was recorded about a directory's server: outages, restarts, deployments. The newest whatever the
 * period, because rare events are looked for further back than figures.
 */
export function directoryEvents(serverId: string): Panel {
  const body = scrollBox("Events, more to the sides");
  return createPanel<ListEventsResponse>({
    id: "directory-events",
    title: "Events",
    hint: "What happened to the server, latest written first",
    columns: 12,
    body,
    query: (api, _, signal) => api.directory.listEvents({ serverId, pageSize: EVENTS_MAX }, { signal }),
    render: ({ events }) => body.replaceChildren(plainTable("Events", events, COLUMNS)),
    isEmpty: ({ events }) => events.length === 0,
    emptyText: "Nothing was recorded.",
  });
}

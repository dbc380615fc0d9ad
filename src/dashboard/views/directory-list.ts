import type { Server } from "../../../gen/mcp/directory/v1/directory_service_pb.js";
import { element, nameText } from "../dom/element.ts";
import { formatExact } from "../format/numbers.ts";
import { formatAge, formatInstant } from "../format/time.ts";
import { createPanel } from "../parts/panel.ts";
import { type PlainColumn, plainTable, scrollBox } from "../parts/plain-table.ts";
import { openView } from "../state/page-state.ts";
import { formatHash } from "../state/page-url.ts";
import { createBoardView } from "./board-view.ts";
import type { View, ViewContext } from "./view.ts";

/** Servers shown; the directory's RPC answers no more in one page. */
const SERVERS_MAX = 1000;

/** The answer, and when it was asked for: ages are relative to that. */
interface Servers {
  readonly servers: readonly Server[];
  /** Whether there are more. */
  readonly isCut: boolean;
  readonly nowMs: number;
}

/** A table of the servers that are registered in the directory, each with a link to its page. */
export function createDirectoryList(context: ViewContext): View {
  const body = scrollBox("Servers, more to the sides");
  const panel = createPanel<Servers>({
    id: "directory",
    title: "Servers of the directory",
    hint: "Registered with mcp-metrics servers",
    columns: 12,
    body,
    async query(api, { nowMs }, signal) {
      const answer = await api.directory.listServers({ pageSize: SERVERS_MAX }, { signal });
      return { servers: answer.servers, isCut: answer.nextPageToken !== "", nowMs };
    },
    render({ servers, nowMs }) {
      body.replaceChildren(plainTable("Servers of the directory", servers, columns(context, nowMs)));
    },
    remark: ({ isCut }) => (isCut ? `The first ${SERVERS_MAX} servers.` : undefined),
    isEmpty: ({ servers }) => servers.length === 0,
    emptyText: "No server is registered.",
  });
  return createBoardView(context, [panel]);
}

function columns({ state }: ViewContext, nowMs: number): readonly PlainColumn<Server>[] {
  const href = (id: string) => formatHash(openView(state(), "directory", id));
  const receivedMs = ({ metricsLastReceived: time }: Server) => time && Number(time.seconds) * 1000;
  return [
    {
      title: "Server",
      cell: ({ serverId, name }) => element("a", { href: href(serverId) }, nameText(name || serverId)),
    },
    { title: "Id", cell: ({ serverId }) => nameText(serverId) },
    { title: "Metrics", cell: ({ metricsEnabled }) => mark(metricsEnabled, "accepted", "rejected") },
    { title: "Seen by", cell: ({ isPublic }) => (isPublic ? "everybody" : "key holders") },
    { title: "Tools", isNumber: true, cell: ({ tools }) => formatExact(tools.length) },
    {
      title: "Last heard of",
      cell(server) {
        const ms = receivedMs(server);
        return ms === undefined ? "never" : formatAge(nowMs - ms);
      },
      hint(server) {
        const ms = receivedMs(server);
        return ms === undefined ? undefined : formatInstant(ms);
      },
    },
  ];
}

/** A word with a colour: never a colour alone. */
function mark(isGood: boolean, good: string, bad: string): HTMLElement {
  return element("span", { class: `mark ${isGood ? "success" : "neutral"}` }, isGood ? good : bad);
}

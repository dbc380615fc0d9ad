import { element } from "../dom/element.ts";
import { directoryEvents } from "../panels/directory-events.ts";
import { directoryCharts, directoryStats } from "../panels/directory-panels.ts";
import { createPeriodTabs } from "../parts/period-tabs.ts";
import { fetchServerOnce } from "../query/directory.ts";
import { createBoardView } from "./board-view.ts";
import type { View, ViewContext } from "./view.ts";

const PANEL_ID = "directory-period";

/**
 * The page of a directory's server: uptime, response time, requests, memory and usage over a period, and what
 * happened to it. The board is the tab panel of the period tabs.
 */
export function createDirectoryServer(context: ViewContext, serverId: string): View {
  const { state, navigate } = context;
  const tabs = createPeriodTabs(PANEL_ID, (period) => navigate({ ...state(), period }));
  const fetch = fetchServerOnce(serverId, () => state().period);
  const board = createBoardView(context, [
    directoryStats(fetch),
    ...directoryCharts(fetch),
    // What happened to a server is for its own key and for those that see every server.
    ...(context.identity.role === "anonymous" ? [] : [directoryEvents(serverId)]),
  ]);
  board.element.id = PANEL_ID;
  board.element.setAttribute("role", "tabpanel");
  board.element.setAttribute("aria-label", "Figures of the period");
  return {
    ...board,
    element: element("div", {}, tabs.element, board.element),
    load(shown) {
      tabs.show(shown.period);
      return board.load(shown);
    },
  };
}

import { SummaryGroup } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import type { Identity } from "../api/session.ts";
import { emptyText } from "../panels/empty-text.ts";
import { FLOW_STEP_COLORS, nameFlowStep } from "../panels/flow-steps.ts";
import { methodShares } from "../panels/method-shares.ts";
import { latencyByPanel, latencyPanel, outcomePanel, ratePanel } from "../panels/series-panels.ts";
import { statStrip } from "../panels/stat-strip.ts";
import { summaryPanel } from "../panels/summary-panel.ts";
import { topPanel } from "../panels/top-panel.ts";
import { createBoardView } from "./board-view.ts";
import { linkTo, zoomTo } from "./links.ts";
import { OVERVIEW_STATS, OVERVIEW_TYPES } from "./overview-stats.ts";
import type { View, ViewContext } from "./view.ts";

/** What the rankings count, and errors and durations are of: a gateway's authentications would drown its calls. */
const REQUESTS = { types: ["tool_execution"], hint: "MCP requests" } as const;

/** The methods of most sessions keep their colours, whichever is the most frequent. */
const METHOD_COLORS = { "tools/call": "--series-1", "tools/list": "--series-2", initialize: "--series-3" };

/**
 * The service whose key the first start prints. Of what `npm run demo` sends, no other service's writer sees
 * anything.
 */
const FIRST_SERVICE = "quickstart";

function onNothing({ role, service }: Identity): string {
  const seesDemo = role !== "writer" || service === FIRST_SERVICE;
  const demo = seesDemo ? "; on a new service, npm run demo makes traffic" : "";
  return `Nothing was submitted. Choose a longer time or fewer filters${demo}.`;
}

/**
 * The first view: whether all is well, and where it is not. Tiles, four charts, and rankings that lead to the
 * pages of tools, servers, clients and services.
 */
export function createOverview(context: ViewContext): View {
  const { metricTypes } = context;
  const onZoom = zoomTo(context);
  return createBoardView(context, [
    statStrip("overview-stats", "At a glance", OVERVIEW_TYPES, OVERVIEW_STATS, onNothing(context.identity)),
    ratePanel({
      id: "protocol",
      title: "Real-time protocol activity",
      hint: "MCP requests by method",
      columns: 6,
      types: ["tool_execution"],
      groupBy: "method",
      colors: METHOD_COLORS,
      onZoom,
      emptyText: "No MCP requests in this time.",
    }),
    latencyPanel({
      id: "latency",
      title: "Tool execution latency",
      hint: "P50, P95 and P99 of the durations of MCP requests",
      columns: 6,
      types: ["tool_execution"],
      onZoom,
      emptyText: "No durations in this time.",
    }),
    outcomePanel({
      id: "auth",
      title: "Authentication flow",
      hint: "Requests by outcome, and by method",
      columns: 6,
      types: ["auth_request"],
      groupBy: ["method"],
      below: methodShares("method"),
      onZoom,
      emptyText: emptyText("authentications", "auth_request", metricTypes),
    }),
    latencyByPanel({
      id: "flow",
      title: "Protocol flow latency",
      hint: "P95 between the steps of a session",
      columns: 6,
      types: ["protocol_latency"],
      groupBy: "flow_step",
      statistic: "p95",
      nameOf: nameFlowStep,
      colors: FLOW_STEP_COLORS,
      onZoom,
      emptyText: emptyText("session steps", "protocol_latency", metricTypes),
    }),
    topPanel({
      id: "top-tools",
      title: "Top tools",
      columns: 6,
      dimension: "tool",
      nameTitle: "Tool",
      ...REQUESTS,
      rows: 8,
      hrefOf: linkTo(context, "tools"),
    }),
    topPanel({
      id: "top-servers",
      title: "Servers",
      columns: 6,
      dimension: "server",
      nameTitle: "Server",
      ...REQUESTS,
      rows: 8,
      hrefOf: linkTo(context, "servers"),
    }),
    topPanel({
      id: "top-clients",
      title: "Clients",
      columns: 6,
      dimension: "client",
      nameTitle: "Client",
      ...REQUESTS,
      rows: 6,
      hrefOf: linkTo(context, "clients"),
    }),
    summaryPanel({
      id: "services",
      title: "Services",
      columns: 6,
      group: SummaryGroup.SERVICE,
      types: REQUESTS.types,
      countsAll: true,
      hint: "All metrics; errors and P95 of MCP requests",
      hrefOf: linkTo(context, "services"),
    }),
  ]);
}

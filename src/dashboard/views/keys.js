import { KeyRole } from "../../../gen/mcp/metrics/v1/admin_service_pb.js";
import { element, nameText } from "../dom/element.ts";
import { formatCount, formatExact, NOTHING } from "../format/numbers.ts";
import { formatAge, formatDate, formatInstant } from "../format/time.ts";
import { createPanel } from "../parts/panel.ts";
import { plainTable } from "../parts/plain-table.ts";
import { createBoardView } from "./board-view.ts";

const ROLES = {
  [KeyRole.UNSPECIFIED]: NOTHING,
  [KeyRole.WRITER]: "writer",
  [KeyRole.READER]: "reader",
  [KeyRole.ADMIN]: "admin",
};
const KEYS_MAX = 500;
/** Who may call, how often, and who does. */
export function createKeys(context) {
  return createBoardView(context, [keysPanel()]);
}
function keysPanel() {
  const body = element("div", { class: "table-scroll" });
  return createPanel({
    id: "keys",
    title: "API keys and rate limits",
    hint: "Made and revoked with mcp-metrics keys; secrets are not kept",
    columns: 12,
    body,
    async ask(api, { nowMs }, signal) {
      const { keys, nextPageToken } = await api.admin.listKeys({ pageSize: KEYS_MAX }, { signal });
      return { keys, isCut: nextPageToken !== "", nowMs };
    },
    render({ keys, isCut, nowMs }) {
      const cut = isCut && element("p", { class: "hint" }, `The first ${KEYS_MAX} keys.`);
      body.replaceChildren(plainTable("API keys", keys, columns(nowMs)), cut || "");
    },
    isEmpty: ({ keys }) => keys.length === 0,
    emptyText: "There are no keys yet.",
  });
}
const msOf = (time) => time && Number(time.seconds) * 1000;
function columns(nowMs) {
  const age = (ms) => (ms === undefined ? "never" : formatAge(nowMs - ms));
  const limit = (value) => (value === undefined ? NOTHING : formatCount(Number(value)));
  return [
    { title: "Id", cell: ({ id }) => String(id) },
    { title: "Service", cell: ({ service }) => nameText(service) },
    { title: "Role", cell: ({ role }) => ROLES[role] },
    { title: "State", cell: (key) => stateMark(key, nowMs) },
    { title: "Requests/min", isNumber: true, cell: ({ rateLimit }) => formatExact(rateLimit) },
    { title: "A day", isNumber: true, cell: ({ dailyUsageLimit }) => limit(dailyUsageLimit) },
    { title: "A month", isNumber: true, cell: ({ monthlyUsageLimit }) => limit(monthlyUsageLimit) },
    {
      title: "Used",
      isNumber: true,
      cell: ({ usageCount }) => formatCount(Number(usageCount)),
      hint: ({ usageCount }) => formatExact(usageCount),
    },
    {
      title: "Last used",
      cell: ({ lastUsedAt }) => age(msOf(lastUsedAt)),
      hint: ({ lastUsedAt }) => (lastUsedAt ? formatInstant(msOf(lastUsedAt) ?? 0) : undefined),
    },
    {
      title: "Expires",
      cell: ({ expiresAt }) => (expiresAt === undefined ? "never" : formatDate(msOf(expiresAt) ?? 0)),
    },
    { title: "Description", cell: ({ description }) => nameText(description || NOTHING) },
  ];
}
function stateMark({ isActive, expiresAt }, nowMs) {
  const isExpired = expiresAt !== undefined && (msOf(expiresAt) ?? 0) <= nowMs;
  const state = isExpired ? "expired" : isActive ? "active" : "revoked";
  return element("span", { class: `mark ${state === "active" ? "success" : "failure"}` }, state);
}

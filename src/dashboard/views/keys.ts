import { type ApiKey, KeyRole } from "../../../gen/mcp/metrics/v1/admin_service_pb.js";
import { element, nameText } from "../dom/element.ts";
import { formatCount, formatExact, NOTHING } from "../format/numbers.ts";
import { formatAge, formatDate, formatInstant } from "../format/time.ts";
import { createPanel, type Panel } from "../parts/panel.ts";
import { type PlainColumn, plainTable, scrollBox } from "../parts/plain-table.ts";
import { createBoardView } from "./board-view.ts";
import type { View, ViewContext } from "./view.ts";

/** As the command line spells them. */
const ROLES: Readonly<Record<KeyRole, string>> = {
  [KeyRole.UNSPECIFIED]: NOTHING,
  [KeyRole.WRITER]: "writer",
  [KeyRole.READER]: "reader",
  [KeyRole.ADMIN]: "admin",
  [KeyRole.SERVER]: "server",
};
/** Keys shown; the rest are listed by `mcp-metrics keys list`. */
const KEYS_MAX = 500;

/** The answer, and when it was asked for: ages and expiry are relative to that. */
interface Keys {
  readonly keys: readonly ApiKey[];
  readonly isCut: boolean;
  readonly nowMs: number;
}

/**
 * A table of the API keys with their limits and their last use, for admin keys. Read only: the page cannot
 * make or revoke keys, and secrets are unknown to the service itself.
 */
export function createKeys(context: ViewContext): View {
  return createBoardView(context, [keysPanel()]);
}

function keysPanel(): Panel {
  const body = scrollBox("API keys, more to the sides");
  return createPanel<Keys>({
    id: "keys",
    title: "API keys and rate limits",
    hint: "Made and revoked with mcp-metrics keys; secrets are not kept",
    columns: 12,
    body,
    async query(api, { nowMs }, signal) {
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

/** Milliseconds since 1970; undefined stays undefined, for "never". */
const msOf = (time: { readonly seconds: bigint } | undefined) => time && Number(time.seconds) * 1000;

function columns(nowMs: number): readonly PlainColumn<ApiKey>[] {
  const age = (ms: number | undefined) => (ms === undefined ? "never" : formatAge(nowMs - ms));
  const limit = (value: bigint | undefined) => (value === undefined ? NOTHING : formatCount(Number(value)));
  return [
    { title: "Id", cell: ({ id }) => String(id) },
    { title: "Begins", cell: ({ prefix }) => nameText(prefix || NOTHING) },
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

/** Expired comes before active: an expired key is refused, whatever else it is. */
function stateMark({ isActive, expiresAt }: ApiKey, nowMs: number): HTMLElement {
  const isExpired = expiresAt !== undefined && (msOf(expiresAt) ?? 0) <= nowMs;
  const state = isExpired ? "expired" : isActive ? "active" : "revoked";
  return element("span", { class: `mark ${state === "active" ? "success" : "failure"}` }, state);
}

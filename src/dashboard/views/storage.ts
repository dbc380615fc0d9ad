import type {
  GetDatabaseSizeResponse,
  GetDatabaseStatsResponse,
  TableStats,
} from "../../../gen/mcp/metrics/v1/admin_service_pb.js";
import { element } from "../dom/element.ts";
import { formatBytes, formatCount, formatExact, formatShare, NOTHING } from "../format/numbers.ts";
import { formatDate, formatInstant } from "../format/time.ts";
import { createPanel, type Panel } from "../parts/panel.ts";
import { type PlainColumn, plainTable, scrollBox } from "../parts/plain-table.ts";
import { createStatTile, type Stat } from "../parts/stat-tile.ts";
import { createBoardView } from "./board-view.ts";
import type { View, ViewContext } from "./view.ts";

/** What the database holds, how large it is, and what is deleted when; for admin keys. Read only. */
export function createStorage(context: ViewContext): View {
  return createBoardView(context, [sizePanel(), tablesPanel()]);
}

/** Label, and what the tile shows. */
const SIZES: readonly (readonly [string, (size: GetDatabaseSizeResponse) => Stat])[] = [
  [
    "On disk",
    (size) => ({ value: formatBytes(size.totalBytes), note: `${formatExact(size.totalBytes)} bytes` }),
  ],
  [
    "Database",
    (size) => ({
      value: formatBytes(size.mainDbBytes),
      note: `${formatCount(Number(size.pageCount))} pages`,
    }),
  ],
  ["Log not merged yet", (size) => ({ value: formatBytes(size.walBytes), note: "WAL" })],
  [
    "Free for reuse",
    (size) => ({
      value: formatBytes(Number(size.freePages) * size.pageSize),
      note: `${formatShare(1 - Number(size.usedPages) / Math.max(1, Number(size.pageCount)))} of the pages`,
    }),
  ],
];

/** Tiles with the sizes of the database's files. */
function sizePanel(): Panel {
  const tiles = SIZES.map(([label, read]) => ({ ...createStatTile(label, label), read }));
  const panel = createPanel<GetDatabaseSizeResponse>({
    id: "database-size",
    title: "Database size",
    columns: 12,
    body: element("dl", { class: "stats" }, ...tiles.map((tile) => tile.element)),
    query: (api, _, signal) => api.admin.getDatabaseSize({}, { signal }),
    render(size) {
      for (const tile of tiles) tile.show(tile.read(size));
    },
    isEmpty: () => false,
    emptyText: "",
  });
  panel.element.classList.add("panel-strip");
  return panel;
}

/** A table of the tables, with their age and their retention policy. */
function tablesPanel(): Panel {
  const body = scrollBox("Tables and retention, more to the sides");
  return createPanel<GetDatabaseStatsResponse>({
    id: "database-tables",
    title: "Tables and retention",
    hint: "What is older than its policy is deleted; rollups outlive the single metrics",
    columns: 12,
    body,
    query: (api, _, signal) => api.admin.getDatabaseStats({}, { signal }),
    render: ({ tables }) => body.replaceChildren(plainTable("Tables and retention", tables, COLUMNS)),
    isEmpty: ({ tables }) => tables.length === 0,
    emptyText: "There are no tables.",
  });
}

/** Of a table without rows: a dash. */
const dateOf = (time: TableStats["oldestRecord"]) =>
  time === undefined ? NOTHING : formatDate(Number(time.seconds) * 1000);
/** The same as ISO 8601 in UTC, for the title of the cell. */
const instantOf = (time: TableStats["oldestRecord"]) =>
  time === undefined ? undefined : formatInstant(Number(time.seconds) * 1000);

const COLUMNS: readonly PlainColumn<TableStats>[] = [
  { title: "Table", cell: ({ tableName }) => element("code", {}, tableName) },
  {
    title: "Records",
    isNumber: true,
    cell: ({ recordCount }) => formatCount(Number(recordCount)),
    hint: ({ recordCount }) => formatExact(recordCount),
  },
  {
    title: "Oldest",
    cell: ({ oldestRecord }) => dateOf(oldestRecord),
    hint: ({ oldestRecord }) => instantOf(oldestRecord),
  },
  {
    title: "Newest",
    cell: ({ newestRecord }) => dateOf(newestRecord),
    hint: ({ newestRecord }) => instantOf(newestRecord),
  },
  {
    title: "Kept",
    isNumber: true,
    cell: ({ retentionDays }) =>
      retentionDays === undefined ? "unlimited" : `${formatExact(retentionDays)} days`,
  },
  { title: "Policy", cell: policyMark },
];

/** Tables without a policy are kept for ever; that is no fault, and gets a dash. */
function policyMark({ hasRetentionPolicy, policyActive }: TableStats): HTMLElement | string {
  if (!hasRetentionPolicy) return NOTHING;
  const state = policyActive ? "active" : "off";
  return element("span", { class: `mark ${policyActive ? "success" : "neutral"}` }, state);
}

import type { StoredEvent } from "../../../api/query/events.ts";
import type { SelectionRequest } from "../../../api/query/selection.ts";
import { invalidField } from "../../../errors.ts";
import { readTimestamp } from "../../../ingest/parse-timestamp.ts";
import { quote } from "../../../ingest/text.ts";
import { queryOf, signalOf } from "../../http/exchange.ts";
import type { KeyedRequest, RestService, RestStream } from "../route.ts";

/** What a column has of a metric; undefined is an empty cell. */
type Cell = (event: StoredEvent) => string | number | undefined;

/** The columns in their order, which spreadsheets and scripts rely on: new ones come last. */
const COLUMNS: readonly (readonly [name: string, cell: Cell])[] = [
  ["id", ({ id }) => id],
  ["request_id", ({ request }) => `req_${request}`],
  ["timestamp", ({ timestampMs }) => new Date(timestampMs).toISOString()],
  ["service", ({ service }) => service],
  ["service_version", ({ version }) => version],
  ["instance_id", ({ instanceId }) => instanceId],
  ["metric_type", ({ type }) => type],
  ["value", ({ value }) => value],
  ["duration_ms", ({ durationMs }) => durationMs],
  ["dimensions", ({ dimensions }) => dimensions],
  ["metadata", ({ metadata }) => metadata],
  ["created_at", ({ receivedMs }) => new Date(receivedMs).toISOString()],
  ["count", ({ count }) => count],
];

/**
 * `GET /api/export.csv`: the metrics of a range, oldest first; without one, all that is kept. `start` and `end`
 * are times in any spelling that submissions may have, a date alone among them; `type` may be repeated; every
 * other parameter is a dimension that must have the value given, or one of those given.
 *
 * The range stands in a header and in the file's name: nobody takes a part for the whole.
 *
 * @throws {ServiceError} `validation_failed`
 */
export async function exportCsv(
  { call, exchange }: KeyedRequest,
  { operations, wallMs }: RestService,
): Promise<RestStream> {
  const selection = readParameters(queryOf(exchange));
  const endMs = selection.range.endMs ?? wallMs();
  const pages = operations.queries.exportEvents(call, selection, signalOf(exchange));
  const first = await pages.next();
  const oldestMs = first.done ? undefined : first.value[0]?.timestampMs;
  const range = [selection.range.startMs ?? oldestMs ?? endMs, endMs].map((ms) => new Date(ms).toISOString());
  // Letters and digits alone: file systems take no colons.
  const name = ["metrics", ...range.map((iso) => iso.replace(/[-:]|\.\d+/g, ""))].join("_");
  return {
    status: 200,
    headers: {
      "content-type": "text/csv; charset=utf-8; header=present",
      "content-disposition": `attachment; filename="${name}.csv"`,
      "x-export-range": range.join("/"),
    },
    chunks: csvChunks(first, pages),
  };
}

type Pages = ReturnType<RestService["operations"]["queries"]["exportEvents"]>;

/** A chunk for each page of metrics that was read, so that memory holds one; the heading with the first. */
async function* csvChunks(
  first: Awaited<ReturnType<Pages["next"]>>,
  pages: Pages,
): AsyncGenerator<string, void> {
  try {
    let text = csvRecord(COLUMNS.map(([name]) => name));
    for (let page = first; !page.done; page = await pages.next()) {
      yield text + page.value.map((event) => csvRecord(COLUMNS.map(([, cell]) => cell(event)))).join("");
      text = "";
    }
    if (text !== "") yield text;
  } finally {
    await pages.return();
  }
}

/** What the parameters select; all but `type`, `start` and `end` are dimensions. */
function readParameters(parameters: URLSearchParams): SelectionRequest {
  const others = new Set([...parameters.keys()].filter((name) => !["type", "start", "end"].includes(name)));
  return {
    types: parameters.getAll("type"),
    range: { startMs: readTime(parameters, "start"), endMs: readTime(parameters, "end") },
    filters: [...others].map((dimension) => ({
      dimension,
      operator: "in",
      values: parameters.getAll(dimension),
    })),
  };
}

/** ms since 1970 UTC; undefined where the parameter is absent or empty. */
function readTime(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name) ?? "";
  if (text === "") return undefined;
  const ms = readTimestamp(text);
  if (ms !== undefined) return ms;
  const message = `${name}: ${quote(text)} is no time, no date and no number of seconds or milliseconds`;
  throw invalidField(name, "invalid", message);
}

/** What a spreadsheet takes for a formula, or would drop before one. */
const FORMULA = /^[=+\-@\t\r]/;
/** What begins like a formula and is a number all the same. */
const NUMBER = /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i;

/** One record of RFC 4180 with its line end, in a form that spreadsheets open without harm. */
export function csvRecord(cells: readonly (string | number | undefined)[]): string {
  return `${cells.map(cell).join(",")}\r\n`;
}

/** A text that a spreadsheet would run as a formula is put behind an apostrophe. */
function cell(value: string | number | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "number") return String(value);
  const isFormula = FORMULA.test(value) && !NUMBER.test(value);
  const text = isFormula ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

import type { StoredEvent } from "../../../api/query/events.ts";
import type { SelectionRequest } from "../../../api/query/selection.ts";
import { invalidField } from "../../../errors.ts";
import { readTimestamp } from "../../../ingest/parse-timestamp.ts";
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
 * `GET /api/export.csv`: the metrics of a range, oldest first. `start` and `end` are ISO 8601 or epoch
 * seconds or milliseconds; `type` may be repeated; every other parameter is a dimension that must have
 * the value given, or one of those given.
 *
 * @throws {ServiceError} `validation_failed`, when the first chunk is asked for
 */
export function exportCsv(
  { call, exchange }: KeyedRequest,
  { operations, shutdownSignal }: RestService,
): RestStream {
  const selection = readParameters(queryOf(exchange));
  return {
    status: 200,
    headers: {
      "content-type": "text/csv; charset=utf-8; header=present",
      "content-disposition": 'attachment; filename="metrics.csv"',
    },
    chunks: csvChunks(operations.queries.exportEvents(call, selection, signalOf(exchange, shutdownSignal))),
  };
}

/** A chunk for each page of metrics that was read, so that memory holds one. */
async function* csvChunks(pages: AsyncIterable<readonly StoredEvent[]>): AsyncGenerator<string, void> {
  // With the first page, so that a refusal comes before anything is sent.
  let text = csvRecord(COLUMNS.map(([name]) => name));
  for await (const events of pages) {
    yield text + events.map((event) => csvRecord(COLUMNS.map(([, cell]) => cell(event)))).join("");
    text = "";
  }
  if (text !== "") yield text;
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
  const ms = readTimestamp(/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);
  if (ms !== undefined) return ms;
  const message = `${name}: ${JSON.stringify(text)} is neither ISO 8601 nor a number of seconds or milliseconds`;
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

import type { ExportEvents, StoredEvent } from "../../../api/query/events.ts";
import type { SelectionRequest } from "../../../api/query/selection.ts";
import { ServiceError } from "../../../errors.ts";
import { readTimestamp } from "../../../ingest/timestamp.ts";
import type { RestCall } from "../../http/rest-handler.ts";
import type { RestStream } from "../../http/stream-answer.ts";
import { csvRecord } from "./csv.ts";

type Cell = (event: StoredEvent) => string | number | undefined;

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
export function exportCsv(exportEvents: ExportEvents, call: RestCall, signal: AbortSignal): RestStream {
  return {
    status: 200,
    headers: {
      "content-type": "text/csv; charset=utf-8; header=present",
      "content-disposition": 'attachment; filename="metrics.csv"',
    },
    chunks: csvChunks(exportEvents(call, readParameters(call.query()), signal)),
  };
}

async function* csvChunks(pages: AsyncIterable<readonly StoredEvent[]>): AsyncGenerator<string, void> {
  // With the first page, so that a refusal comes before anything is sent.
  let text = csvRecord(COLUMNS.map(([name]) => name));
  for await (const events of pages) {
    yield text + events.map((event) => csvRecord(COLUMNS.map(([, cell]) => cell(event)))).join("");
    text = "";
  }
  if (text !== "") yield text;
}

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

function readTime(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name) ?? "";
  if (text === "") return undefined;
  const ms = readTimestamp(/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);
  if (ms !== undefined) return ms;
  const message = `${name}: ${JSON.stringify(text)} is neither ISO 8601 nor a number of seconds or milliseconds`;
  throw new ServiceError("validation_failed", message, {
    violations: [{ field: name, reason: "invalid", message }],
  });
}

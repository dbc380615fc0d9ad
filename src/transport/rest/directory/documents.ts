import { CHART_PERIODS } from "../../../api/directory/periods.ts";
import { SERVER_ACTIONS, SERVER_METRIC_TYPES } from "../../../catalogue/directory.ts";
import { LIMITS } from "../../../catalogue/limits.ts";
import { METRIC_NAME_LENGTH_MAX } from "../../../ingest/read-server-metric.ts";
import { DETAILS_BYTES_MAX } from "../../../ingest/redaction.ts";
import {
  boolean,
  type JsonSchema,
  list,
  mapOf,
  number,
  orNull,
  record,
  string,
  time,
  wholeNumberSchema,
} from "../../schema/json-schema.ts";
import { pathParameter, queryParameter, type RouteDocument } from "../../schema/route-document.ts";
import type { DIRECTORY_ROUTES } from "./routes.ts";

const group = "Directory";
const EXAMPLE_ID = "server-123";
const SUCCESS = boolean("Always this.", { const: true });
const SERVER_ID = string("The server.", { maxLength: 128 });
const STORING = ["queue_full", "storage_unavailable", "shutting_down"] as const;
const SERVER_PATH = pathParameter("server_id", "The server.", EXAMPLE_ID);
const TIMESTAMP: JsonSchema = {
  description: "RFC 3339, ISO 8601 without a zone (UTC), or seconds or milliseconds since 1970.",
  type: ["string", "number", "null"],
};

const answer = (description: string, schema: JsonSchema) => ({ 200: { description, schema } });

const METRIC = record(
  {
    name: string("Its name.", { maxLength: METRIC_NAME_LENGTH_MAX }),
    value: {
      description: "Finite; a number may also be sent as its text.",
      anyOf: [
        { type: "number", minimum: -LIMITS.VALUE_ABS_MAX, maximum: LIMITS.VALUE_ABS_MAX },
        { type: "string" },
      ],
    },
    type: string("How its values add up: those of counters are summed, all others averaged.", {
      enum: SERVER_METRIC_TYPES,
    }),
  },
  {
    tags: {
      type: ["object", "null"],
      description: "Strings of at most 200 characters, finite numbers, booleans and null.",
      maxProperties: LIMITS.DIMENSIONS_MAX,
    },
    timestamp: TIMESTAMP,
  },
  { title: "ServerMetric", description: "One metric of a server." },
);

const EXAMPLE_METRIC = { name: "response_time", value: 120.5, type: "gauge", tags: { endpoint: "query" } };

/** `place`: where the server is named. */
const collectDocument = (place: "body" | "path"): RouteDocument => ({
  group,
  summary: "Store metrics of a server",
  description:
    "Each metric is validated by itself. The answer leaves after those that are good are on disk. Once the server " +
    "has a webhook secret, the body must be signed; sent again within 24 hours, a signed body stores nothing twice.",
  parameters: [
    ...(place === "path" ? [SERVER_PATH] : []),
    ...["X-Webhook-Signature", "X-Signature"].map((name) => ({
      name,
      in: "header" as const,
      description:
        "HMAC-SHA-256 of the body (decompressed) under the secret: 64 hex digits, perhaps after `sha256=`.",
      schema: { type: "string" },
    })),
    {
      name: "Idempotency-Key",
      in: "header" as const,
      description: "The same as `idempotency_key` in the body; for those that do not sign.",
      schema: { type: "string", maxLength: LIMITS.IDEMPOTENCY_KEY_LENGTH_MAX },
    },
  ],
  body: {
    schema: record(
      { metrics: list("What was measured.", METRIC), ...(place === "body" && { server_id: SERVER_ID }) },
      {
        ...(place === "path" && { server_id: SERVER_ID }),
        timestamp: TIMESTAMP,
        idempotency_key: orNull(
          string("Names the request.", { maxLength: LIMITS.IDEMPOTENCY_KEY_LENGTH_MAX }),
        ),
      },
      { title: place === "body" ? "ServerMetrics" : "MetricsOfServer" },
    ),
    examples: {
      "one metric": { ...(place === "body" && { server_id: EXAMPLE_ID }), metrics: [EXAMPLE_METRIC] },
    },
  },
  answers: answer(
    "What was stored.",
    record(
      {
        success: SUCCESS,
        metrics_processed: wholeNumberSchema("Metrics in the request."),
        metrics_inserted: wholeNumberSchema("Metrics stored."),
        server_id: SERVER_ID,
        timestamp: time("When it was received."),
        rejected: wholeNumberSchema("Metrics refused."),
        errors: list("Why, a text a broken rule.", { type: "string" }),
      },
      {
        warnings: list("What is odd about metrics that were stored.", { type: "string" }),
        duplicate: boolean("The request was stored before; this is what it was answered.", { const: true }),
      },
      { title: "CollectAnswer" },
    ),
  ),
  failures: [
    "signature_invalid",
    "metrics_disabled",
    "not_found",
    "validation_failed",
    "idempotency_conflict",
    ...STORING,
  ],
});

const POINT = record(
  { timestamp: time("When the step begins."), value: number("Sum or average.") },
  {},
  { title: "Point", description: "A step, and the percentiles that were asked for by their names." },
);
const series = (description: string) => list(description, POINT);

const FIGURES = {
  server_id: SERVER_ID,
  server_name: string("What people call it."),
  period: string("The period.", { enum: CHART_PERIODS.map(({ name }) => name) }),
  uptime: series("The share of each step that it was up, 0 to 1."),
  latency: series("Metric `response_time`."),
  requests: series("Metric `api_requests`."),
  memory: series("Metric `memory_usage`."),
  views: series("Metric `page_views`."),
  installs: series("Metric `installations`."),
  other_metrics: mapOf("All others, by their names.", series("One metric.")),
  totals: record(
    { other_metrics: mapOf("All others, by their names.", number("Sum or average.")) },
    {
      uptime: number("The share of the time that is known, 0 to 1; every health check weighs the same."),
      latency: number("Average of `response_time`."),
      requests: number("Sum of `api_requests`."),
      memory: number("Average of `memory_usage`."),
      views: number("Sum of `page_views`."),
      installs: number("Sum of `installations`."),
    },
    {
      title: "PeriodTotals",
      description:
        "The whole period in one figure for each series that has values: sums of what counts, averages of all " +
        "other values. These are not the averages of the points: a step with more values weighs more.",
    },
  ),
};

/** `place`: where the server is named. */
const fetchDocument = (place: "query" | "path"): RouteDocument => ({
  group,
  summary: "Fetch a server's figures",
  description:
    "Metrics that count are summed step by step, all others averaged; today, and what was accepted last, are in it.",
  parameters: [
    place === "path" ? SERVER_PATH : { ...SERVER_PATH, in: "query" as const },
    queryParameter(
      "period",
      string("How far back.", { enum: CHART_PERIODS.map(({ name }) => name), default: "7d" }),
    ),
    queryParameter(
      "metrics",
      string("Names of metrics or series, with commas between them; none means all."),
    ),
    queryParameter("percentiles", string("Percentiles of each step, such as `p50,p99`.")),
  ],
  answers: answer(
    "The figures, twice: in `metrics` and beside it.",
    record(
      { success: SUCCESS, metrics: record(FIGURES, {}, { title: "ServerFigures" }), ...FIGURES },
      {},
      { title: "FetchAnswer" },
    ),
  ),
  failures: [
    "malformed_body",
    "not_found",
    "permission_denied",
    "validation_failed",
    "queue_full",
    "storage_unavailable",
    "deadline_exceeded",
  ],
});

const TRACK_USAGE: RouteDocument = {
  group,
  summary: "Note that somebody used a server",
  description:
    "Users are kept as pseudonyms, addresses as networks. `view` and `install` also count in `page_views` and " +
    "`installations`.",
  body: {
    schema: record(
      { server_id: SERVER_ID, action: string("What was done.", { enum: SERVER_ACTIONS }) },
      {
        user_id: orNull(string("Who.", { maxLength: 200 })),
        tool_id: orNull(string("Which tool of the server.", { maxLength: 200 })),
        details: {
          type: ["object", "null"],
          description: `Anything else, at most ${DETAILS_BYTES_MAX} bytes.`,
        },
      },
      { title: "ServerUse" },
    ),
    examples: { "a view": { server_id: EXAMPLE_ID, action: "view" } },
  },
  answers: answer(
    "It is stored.",
    record(
      {
        success: SUCCESS,
        recorded: SUCCESS,
        server_id: SERVER_ID,
        action: string("What was done.", { enum: SERVER_ACTIONS }),
        timestamp: time("When."),
      },
      {},
      { title: "UseAnswer" },
    ),
  ),
  failures: ["not_found", "validation_failed", ...STORING],
};

const DAYS = wholeNumberSchema("For how many days metrics are kept.", { minimum: 1, maximum: 36_500 });

const AGGREGATE: RouteDocument = {
  group,
  summary: "Compute anew what a day adds up to",
  description: "Nobody needs to: it is always right. The body may be left out.",
  body: {
    schema: record(
      {},
      {
        date: orNull(string("The day (UTC); yesterday when absent.", { format: "date" })),
        retentionDays: orNull(DAYS),
      },
      { title: "Aggregation" },
    ),
    examples: { yesterday: {} },
  },
  answers: answer(
    "The day.",
    record(
      {
        success: SUCCESS,
        date: string("The day.", { format: "date" }),
        metrics_aggregated: wholeNumberSchema("Its rows: one a server, name and type."),
        retention_days: DAYS,
      },
      {},
      { title: "AggregateAnswer" },
    ),
  ),
  failures: ["validation_failed", "storage_unavailable", "shutting_down"],
};

/** What /openapi.json says of each route; one without a document does not compile. */
export const DIRECTORY_DOCUMENTS: Readonly<Record<keyof typeof DIRECTORY_ROUTES, RouteDocument>> = {
  "POST /functions/v1/metrics-collect": collectDocument("body"),
  "POST /functions/v1/metrics-collect/{server_id}": collectDocument("path"),
  "GET /functions/v1/metrics-fetch": fetchDocument("query"),
  "GET /servers/{server_id}/metrics": fetchDocument("path"),
  "POST /functions/v1/usage-track": TRACK_USAGE,
  "POST /functions/v1/metrics-aggregate": AGGREGATE,
};

import {
  FlushResponseSchema,
  HealthResponseSchema,
  RateLimitStatusResponseSchema,
  SubmitRequestSchema,
  SubmitResponseSchema,
} from "../../../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { METRIC_TYPES } from "../../../catalogue/catalogue.ts";
import { LIMITS } from "../../../catalogue/limits.ts";
import { fieldRules } from "../../schema/field-rules.ts";
import { type JsonSchema, mapOf, record, string } from "../../schema/json-schema.ts";
import { PLACEHOLDERS } from "../../schema/placeholders.ts";
import { restMessage } from "../../schema/rest-messages.ts";
import { queryParameter, type RouteDocument } from "../../schema/route-document.ts";
import type { EXPORT_ROUTES, METRICS_ROUTES, STATUS_ROUTES } from "./routes.ts";

const STORAGE_FAILURES = ["queue_full", "storage_unavailable", "shutting_down"] as const;

const BOOLEAN: JsonSchema = { type: "boolean", description: "true is 1, false is 0." };

/** Spellings of values that REST takes besides those of the schema. */
function leniently(rules: ReadonlyMap<string, JsonSchema>): ReadonlyMap<string, JsonSchema> {
  const value = { type: "number", ...rules.get("mcp.metrics.v1.Metric.value") };
  const timestamp = [
    string("RFC 3339, ISO 8601 without a zone, which means UTC, or a date alone."),
    { type: "number", description: "Seconds or milliseconds since 1970, also as text." },
  ];
  return new Map<string, JsonSchema>([
    ...rules,
    ["mcp.metrics.v1.Metric.value", { anyOf: [value, string("The number as text."), BOOLEAN] }],
    ["mcp.metrics.v1.Metric.timestamp", { anyOf: timestamp }],
  ]);
}

const TOOL_EXECUTION = {
  type: "tool_execution",
  value: 1,
  duration_ms: 45.2,
  dimensions: { tool_name: "search", server_name: "github", method: "tools/call", success: true },
  metadata: { output_size_bytes: 512 },
};

const SUBMIT: RouteDocument = {
  group: "Metrics",
  summary: "Submit metrics",
  description:
    "Each metric is validated by itself: a bad one is reported under its index, its neighbours are stored. The " +
    "answer leaves after they are on disk. Only when none is good does the call fail.",
  parameters: [
    {
      name: "Idempotency-Key",
      in: "header",
      description: "The same as `idempotency_key` in the body.",
      schema: { type: "string", maxLength: LIMITS.IDEMPOTENCY_KEY_LENGTH_MAX },
    },
  ],
  body: {
    schema: restMessage(SubmitRequestSchema, {
      title: "Submission",
      required: { SubmitRequest: ["service", "metrics"], Metric: ["type", "value"] },
      takesNull: true,
      rules: leniently(fieldRules(PLACEHOLDERS.metricsPerRequestMax)),
    }),
    examples: {
      "one tool execution": { service: "my-gateway", version: "1.0.0", metrics: [TOOL_EXECUTION] },
      "safe to retry": {
        service: "my-gateway",
        idempotency_key: "5b0f7e1e-9c1d-4a53-8f0c-3f5de1c9a7c2",
        metrics: [
          { type: "auth_request", value: 1, duration_ms: 3.1, dimensions: { success: true, method: "jwt" } },
        ],
      },
    },
  },
  answers: {
    200: {
      description: "What became of the submission.",
      schema: restMessage(SubmitResponseSchema, {
        title: "SubmissionAnswer",
        required: {
          SubmitResponse: ["status", "accepted", "rejected", "errors", "request_id"],
          Rejection: ["index", "field", "reason", "message"],
        },
      }),
    },
  },
  failures: ["service_not_allowed", "validation_failed", "idempotency_conflict", ...STORAGE_FAILURES],
};

const SCRAPE: RouteDocument = {
  group: "Metrics",
  summary: "Scrape what was submitted",
  description: "The Prometheus exposition that the scrape port serves, for who reaches this port only.",
  answers: {
    200: {
      description: "The exposition, in text format 0.0.4.",
      schema: { type: "string" },
      contentType: "text/plain; version=0.0.4; charset=utf-8",
    },
  },
};

const FLUSH: RouteDocument = {
  group: "Metrics",
  summary: "Commit what waits",
  description: "Answers once everything that had arrived is on disk, and hours and days are up to date.",
  answers: {
    200: {
      description: "Everything that waited is on disk.",
      schema: restMessage(FlushResponseSchema, {
        title: "Flushed",
        required: { FlushResponse: ["status", "message"] },
      }),
    },
  },
  failures: STORAGE_FAILURES,
};

const RATE_LIMIT: RouteDocument = {
  group: "Metrics",
  summary: "See the key's rate limit",
  answers: {
    200: {
      description: "The key's token bucket.",
      schema: restMessage(RateLimitStatusResponseSchema, {
        title: "RateLimit",
        required: {
          RateLimitStatusResponse: ["service", "rate_limit", "available_tokens", "reset_time_seconds"],
        },
      }),
    },
  },
};

const LIVENESS: RouteDocument = {
  group: "Health",
  summary: "Whether the process lives",
  description: "Says nothing of storage, so that a full disk gets no process restarted.",
  answers: {
    200: {
      description: "It lives.",
      schema: restMessage(HealthResponseSchema, {
        title: "Health",
        required: { HealthResponse: ["status", "service"] },
      }),
    },
  },
};

const READINESS_SCHEMA = record(
  {
    status: string("Whether it can.", { enum: ["healthy", "unhealthy"] }),
    database: string("What storage does.", { enum: ["connected", "unavailable", "shutting_down"] }),
    service: string("Always this.", { const: "metrics-collection" }),
  },
  {},
  { title: "Readiness", description: "Whether metrics sent now would be stored." },
);

const READINESS: RouteDocument = {
  group: "Health",
  summary: "Whether metrics sent now would be stored",
  description: "Found out by writing, at most once a second.",
  answers: {
    200: { description: "They would.", schema: READINESS_SCHEMA },
    503: { description: "They would not.", schema: READINESS_SCHEMA },
  },
};

const SERVICE: RouteDocument = {
  group: "The service",
  summary: "See what this is",
  answers: {
    200: {
      description: "Name, version and paths.",
      schema: record(
        {
          service: string("Its name."),
          version: string("Its version."),
          status: string("Always this.", { const: "running" }),
          endpoints: mapOf("Paths, by what they are for.", { type: "string" }),
        },
        {},
        { title: "Service" },
      ),
    },
  },
};

const EXPORT_CSV: RouteDocument = {
  group: "Queries",
  summary: "Export single metrics as CSV",
  description:
    "Oldest first, as fast as the client takes them; without a range, all that is kept. `X-Export-Range` and the " +
    "file's name say which range it is. Every parameter besides these is a dimension that must have the " +
    "value given, or one of those given. A writer key sees its own service, and " +
    "of others what its service's keys wrote.",
  parameters: [
    queryParameter("type", {
      type: "array",
      description: "Metric types; none means all.",
      items: { enum: METRIC_TYPES.map(({ name }) => name) },
    }),
    queryParameter(
      "start",
      string(
        "From then on: ISO 8601, a date alone, or seconds or milliseconds since 1970; the oldest if absent.",
      ),
    ),
    queryParameter("end", string("Before then, in the same spellings; now if absent.")),
    queryParameter("service", string("One dimension of many.")),
  ],
  answers: {
    200: {
      description: "RFC 4180, with a header line. `X-Export-Range` has the range, `<start>/<end>`.",
      schema: { type: "string" },
      contentType: "text/csv; charset=utf-8; header=present",
    },
  },
  failures: ["validation_failed", "queue_full", "storage_unavailable", "shutting_down", "deadline_exceeded"],
};

/** What /openapi.json says of each route; one without a document does not compile. */
export const METRICS_DOCUMENTS: Readonly<Record<keyof typeof METRICS_ROUTES, RouteDocument>> = {
  "GET /": SERVICE,
  "POST /metrics": SUBMIT,
  "GET /metrics": SCRAPE,
  "POST /flush": FLUSH,
};

/** … of the routes that tell how things stand. */
export const STATUS_DOCUMENTS: Readonly<Record<keyof typeof STATUS_ROUTES, RouteDocument>> = {
  "GET /rate-limit": RATE_LIMIT,
  "GET /health": LIVENESS,
  "GET /health/db": READINESS,
  "GET /health/ready": READINESS,
};

/** … and of the one that exports what is stored. */
export const EXPORT_DOCUMENTS: Readonly<Record<keyof typeof EXPORT_ROUTES, RouteDocument>> = {
  "GET /api/export.csv": EXPORT_CSV,
};

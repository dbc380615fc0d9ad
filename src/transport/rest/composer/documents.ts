import { mapOf, number, orNull, record, string, time, wholeNumberSchema } from "../../schema/json-schema.ts";
import { pathParameter, queryParameter, type RouteDocument } from "../../schema/route-document.ts";
import type { COMPOSER_ROUTES } from "./routes.ts";

const group = "Composer";
const FAILURES = [
  "validation_failed",
  "service_not_allowed",
  "queue_full",
  "storage_unavailable",
  "shutting_down",
  "deadline_exceeded",
] as const;

const SERVICE = queryParameter(
  "service",
  string("Whose figures. A writer key sees its own service; others see all together where none is named."),
);
const WINDOW = queryParameter(
  "window",
  string("How far back: `90s`, `15m`, `1h`, `7d` or a number of seconds; an hour by default.", {
    pattern: "^[0-9]{1,10}[smhd]?$",
  }),
);
const HOW =
  "From the metrics that composers have submitted; null where none was. An instance that is silent " +
  "(`METRICS_INSTANCE_EXPIRY_SECONDS`) or has signed off is gone.";
const INSTANCE = queryParameter("instance_id", string("Of this instance alone; of all where none is named."));

const count = (description: string) => orNull(wholeNumberSchema(description));
const figure = (description: string) => orNull(number(description));
const TIMESTAMP = time("When this was put together.");
const UPTIME = figure("Seconds that the composer has run; of several instances the longest.");

const CAPABILITIES = record(
  { tools: count("Tools."), prompts: count("Prompts."), resources: count("Resources.") },
  {},
  { title: "Capabilities", description: "What is offered." },
);

const SERVER_FIGURES = {
  status: string("Whether it runs.", { enum: ["running", "stopped", "failed"] }),
  uptime_seconds: figure("Since its last start."),
  requests_total: count("Calls of its tools."),
  requests_failed: count("Those that failed."),
  requests_per_second: figure("Calls a second, over the window."),
  average_response_time_ms: figure("Of the calls that say how long they took."),
  memory_usage_mb: figure("Of its processes."),
  cpu_usage_percent: figure("Of its processes."),
};

const SERVER_COUNTS = {
  total: count("Configured."),
  running: count("Running."),
  stopped: count("Stopped."),
};

const SCRAPE: RouteDocument = {
  group,
  summary: "Scrape a composer's metrics",
  description:
    "The families of composers under their own labels, all instances of the service together: counters, histograms " +
    'and counts add up, of uptimes the longest shows. Numbers are written as composers write them (`le="1.0"`).',
  parameters: [SERVICE, INSTANCE],
  answers: {
    200: {
      description: "The exposition, in text format 0.0.4.",
      schema: { type: "string" },
      contentType: "text/plain; version=0.0.4; charset=utf-8",
    },
  },
  failures: ["service_not_allowed"],
};

const METRICS: RouteDocument = {
  group,
  summary: "See all figures of a composer",
  description: HOW,
  parameters: [SERVICE, WINDOW],
  answers: {
    200: {
      description: "The figures.",
      schema: record(
        {
          timestamp: TIMESTAMP,
          uptime_seconds: UPTIME,
          servers: record(SERVER_COUNTS),
          capabilities: CAPABILITIES,
          requests: record({
            total: count("HTTP requests."),
            successful: count("With a status below 500."),
            failed: count("With a status of 500 or more."),
          }),
          performance: record({
            avg_response_time_ms: figure("The average of HTTP requests."),
            p95_response_time_ms: figure("The 95th percentile, within 1 %."),
            p99_response_time_ms: figure("The 99th percentile, within 1 %."),
          }),
          resources: record({
            memory_mb: figure("Of the composer's own processes."),
            cpu_percent: figure("Of the composer's own processes."),
          }),
          per_server: mapOf("By server.", record({ ...SERVER_FIGURES, capabilities: CAPABILITIES })),
        },
        {},
        { title: "ComposerMetrics" },
      ),
    },
  },
  failures: FAILURES,
};

const STATUS: RouteDocument = {
  group,
  summary: "See how a composer's servers stand",
  description: HOW,
  parameters: [SERVICE, WINDOW],
  answers: {
    200: {
      description: "How they stand.",
      schema: record(
        {
          status: string("`healthy` when a server runs.", { enum: ["healthy", "degraded"] }),
          timestamp: TIMESTAMP,
          servers: record({
            ...SERVER_COUNTS,
            statuses: mapOf("By server.", string("Whether it runs.", { enum: ["running", "stopped"] })),
          }),
          capabilities: CAPABILITIES,
          uptime_seconds: UPTIME,
        },
        {},
        { title: "ComposerStatus" },
      ),
    },
  },
  failures: FAILURES,
};

const HEALTH: RouteDocument = {
  group,
  summary: "Whether this service lives",
  answers: {
    200: {
      description: "It lives.",
      schema: record(
        {
          status: string("Always this.", { const: "healthy" }),
          version: string("Of this service."),
          timestamp: TIMESTAMP,
        },
        {},
        { title: "ComposerHealth" },
      ),
    },
  },
};

const DETAILED_HEALTH: RouteDocument = {
  group,
  summary: "See a composer's health",
  description:
    `\`unhealthy\` when no server runs, \`degraded\` when not all do. ${HOW} Without a key, of all composers ` +
    "together; servers are named then only where all of these are of one service.",
  parameters: [SERVICE, WINDOW],
  answers: {
    200: {
      description: "How it is.",
      schema: record(
        {
          status: string("The worst of it.", { enum: ["healthy", "degraded", "unhealthy"] }),
          timestamp: TIMESTAMP,
          version: orNull(string("Of the composer.")),
          servers: mapOf("By server.", SERVER_FIGURES.status),
          uptime_seconds: UPTIME,
          total_servers: count("Configured."),
          running_servers: count("Running."),
          failed_servers: count("Failed."),
        },
        {},
        { title: "ComposerDetailedHealth" },
      ),
    },
  },
  failures: FAILURES,
};

const SERVER: RouteDocument = {
  group,
  summary: "See the figures of one server",
  description: HOW,
  parameters: [pathParameter("id", "The server's id.", "github"), SERVICE, WINDOW],
  answers: {
    200: {
      description: "The figures.",
      schema: record(
        { server_id: string("The server's id."), ...SERVER_FIGURES },
        {},
        { title: "ComposerServerMetrics" },
      ),
    },
  },
  failures: ["not_found", ...FAILURES],
};

const VERSION: RouteDocument = {
  group,
  summary: "See what serves this",
  answers: {
    200: {
      description: "Name and version of this service.",
      schema: record(
        {
          name: string("Its name."),
          version: string("Its version."),
          api_version: string("Of these routes.", { const: "v1" }),
          build_date: orNull(string("Null: not known.")),
          git_commit: orNull(string("Null: not known.")),
          python_version: string("`n/a`: this service is none of Python.", { const: "n/a" }),
          platform: string("What it runs on, such as `linux-x64`."),
          timestamp: TIMESTAMP,
        },
        {},
        { title: "ComposerVersion" },
      ),
    },
  },
};

/** What /openapi.json says of each route; one without a document does not compile. */
export const COMPOSER_DOCUMENTS: Readonly<Record<keyof typeof COMPOSER_ROUTES, RouteDocument>> = {
  "GET /api/v1/metrics/prometheus": SCRAPE,
  "GET /api/v1/metrics": METRICS,
  "GET /api/v1/status": STATUS,
  "GET /api/v1/health": HEALTH,
  "GET /api/v1/health/detailed": DETAILED_HEALTH,
  "GET /api/v1/servers/{id}/metrics": SERVER,
  "GET /api/v1/version": VERSION,
};

import { health } from "../../../api/health.ts";
import { rateLimitStatus } from "../../../api/rate-limit-status.ts";
import { RULES } from "../../../api/rules.ts";
import { ServiceError } from "../../../errors.ts";
import type { SubmittedMetrics } from "../../../ingest/submission.ts";
import { isRecord } from "../../../lib/json.ts";
import { singleHeaderOf } from "../../http/exchange.ts";
import { ok } from "../answer.ts";
import type { KeyedRequest, RestAnswer, RestRequest, RestRoutes, RestService } from "../route.ts";
import { exportCsv } from "./export-csv.ts";

/** Metrics in, and out to Prometheus. */
export const METRICS_ROUTES = {
  "GET /": {
    rule: RULES.service.describe,
    reads: "nothing",
    answer: (_request, { version }) => ok(describeService(version)),
  },
  "POST /metrics": { rule: RULES.metrics.submit, reads: "json", answer: submit },
  "GET /metrics": { rule: RULES.metrics.scrape, reads: "nothing", answer: scrape },
  "POST /flush": {
    rule: RULES.metrics.flush,
    reads: "nothing",
    answer: async (_request, { operations }) => ok(await operations.flush()),
  },
} as const satisfies RestRoutes;

/** How things stand with a key and with the service. */
export const STATUS_ROUTES = {
  "GET /rate-limit": {
    rule: RULES.metrics.rateLimitStatus,
    reads: "nothing",
    answer: ({ call, bucket }) => ok(rateLimitStatus(call, bucket)),
  },
  "GET /health": { rule: RULES.metrics.health, reads: "nothing", answer: () => ok(health()) },
  "GET /health/db": { rule: RULES.metrics.readiness, reads: "nothing", answer: readiness },
  "GET /health/ready": { rule: RULES.metrics.readiness, reads: "nothing", answer: readiness },
} as const satisfies RestRoutes;

/** What is stored, as a table. */
export const EXPORT_ROUTES = {
  "GET /api/export.csv": { rule: RULES.query.exportEvents, reads: "nothing", answer: exportCsv },
} as const satisfies RestRoutes;

/** The body has the fields of SubmitRequest; an idempotency key may also stand in the headers. */
async function submit(
  { call, body, exchange }: KeyedRequest,
  { operations }: RestService,
): Promise<RestAnswer> {
  if (!isRecord(body)) throw new ServiceError("malformed_body", "body must be a JSON object");
  const submitted: SubmittedMetrics = {
    service: body.service,
    version: body.version,
    instance_id: body.instance_id,
    idempotency_key: body.idempotency_key || singleHeaderOf(exchange.request, "idempotency-key"),
    metrics: body.metrics,
  };
  return ok(await operations.submit(call, submitted));
}

/** The exposition of the scrape port, for those who reach this port only. */
async function scrape(_request: KeyedRequest, { operations }: RestService): Promise<RestAnswer> {
  const { contentType, text } = await operations.expose();
  return { status: 200, body: text, headers: { "content-type": contentType } };
}

/** 503 while metrics sent now would not be stored. */
async function readiness(_request: RestRequest, { operations }: RestService): Promise<RestAnswer> {
  const { ready, database } = await operations.checkReadiness();
  const body = { status: ready ? "healthy" : "unhealthy", database, service: health().service };
  return { status: ready ? 200 : 503, body, ...(!ready && { headers: { "retry-after": "1" } }) };
}

/** Where to go on from the root. */
function describeService(version: string) {
  return {
    service: "MCP Metrics Collection Service",
    version,
    status: "running",
    endpoints: {
      metrics: "/metrics",
      health: "/health",
      flush: "/flush",
      "rate-limit": "/rate-limit",
      admin: "/admin",
      dashboard: "/dashboard",
      docs: "/docs",
    },
  };
}

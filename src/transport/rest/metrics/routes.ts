import type { Administration } from "../../../api/admin/administration.ts";
import type { Directory } from "../../../api/directory/directory.ts";
import type { ExportMetrics } from "../../../api/export-metrics.ts";
import type { Flush } from "../../../api/flush.ts";
import { type CheckReadiness, health } from "../../../api/health.ts";
import type { Queries } from "../../../api/query/queries.ts";
import { rateLimitStatus } from "../../../api/rate-limit-status.ts";
import { RULES } from "../../../api/rules.ts";
import type { Submit } from "../../../api/submit.ts";
import { ServiceError } from "../../../errors.ts";
import type { SubmittedMetrics } from "../../../ingest/submission.ts";
import type { Clock } from "../../../lib/clock.ts";
import { isRecord } from "../../../lib/json.ts";
import type { RestAnswer } from "../../http/answer.ts";
import type { RestCall, RestMethods, RestRoute } from "../../http/rest-handler.ts";
import type { RouteDocument } from "../../http/route-document.ts";
import { adminRoutes } from "../admin/routes.ts";
import { type ComposerRouteDeps, composerRoutes } from "../composer/routes.ts";
import { directoryRoutes } from "../directory/routes.ts";
import { exportOverHttp } from "../otlp/otlp-http.ts";
import {
  EXPORT_CSV,
  EXPORT_METRICS,
  FLUSH,
  LIVENESS,
  RATE_LIMIT,
  READINESS,
  SCRAPE,
  SERVICE,
  submitDocument,
} from "./documents.ts";
import { exportCsv } from "./export-csv.ts";

export interface RestDeps extends Omit<ComposerRouteDeps, "wallMs"> {
  readonly submit: Submit;
  readonly exportMetrics: ExportMetrics;
  readonly flush: Flush;
  readonly checkReadiness: CheckReadiness;
  readonly queries: Pick<Queries, "exportEvents">;
  readonly administration: Administration;
  readonly directory: Directory;
  readonly metricsPerRequestMax: number;
  readonly expose: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly clock: Pick<Clock, "wallMs">;
}

const open = (document: RouteDocument, answer: () => RestAnswer | Promise<RestAnswer>): RestRoute => ({
  rule: "open",
  reads: "nothing",
  document,
  answer,
});
const ok = (body: object): RestAnswer => ({ status: 200, body });

/** The REST interface: path → method → route. Every route ends in the function that its RPC ends in. */
export function createRestRoutes(deps: RestDeps): ReadonlyMap<string, RestMethods> {
  const readiness = async (): Promise<RestAnswer> => {
    const { ready, database } = await deps.checkReadiness();
    const body = { status: ready ? "healthy" : "unhealthy", database, service: health().service };
    return { status: ready ? 200 : 503, body, ...(!ready && { headers: { "retry-after": "1" } }) };
  };
  return new Map<string, RestMethods>([
    ["/", { GET: open(SERVICE, () => ok(describeService(deps.version))) }],
    [
      "/metrics",
      {
        POST: {
          rule: RULES.metrics.submit,
          reads: "json",
          document: submitDocument(deps.metricsPerRequestMax),
          answer: (call) => submitJson(deps.submit, call),
        },
        GET: { rule: RULES.metrics.scrape, reads: "nothing", document: SCRAPE, answer: () => scrape(deps) },
      },
    ],
    [
      "/flush",
      {
        POST: {
          rule: RULES.metrics.flush,
          reads: "nothing",
          document: FLUSH,
          answer: async () => ok(await deps.flush()),
        },
      },
    ],
    [
      "/v1/metrics",
      {
        POST: {
          rule: RULES.otlp.export,
          reads: "bytes",
          document: EXPORT_METRICS,
          answer: (call) => exportOverHttp(deps.exportMetrics, call),
        },
      },
    ],
    [
      "/rate-limit",
      {
        GET: {
          rule: RULES.metrics.rateLimitStatus,
          reads: "nothing",
          document: RATE_LIMIT,
          answer: (call) => ok(rateLimitStatus(call, call.bucket)),
        },
      },
    ],
    ["/health", { GET: open(LIVENESS, () => ok(health())) }],
    ["/health/db", { GET: open(READINESS, readiness) }],
    ["/health/ready", { GET: open(READINESS, readiness) }],
    [
      "/api/export.csv",
      {
        GET: {
          rule: RULES.query.exportEvents,
          reads: "nothing",
          document: EXPORT_CSV,
          answer: (call) => exportCsv(deps.queries.exportEvents, call, deps.shutdownSignal),
        },
      },
    ],
    ...adminRoutes(deps.administration),
    ...composerRoutes({ ...deps, wallMs: deps.clock.wallMs }),
    ...directoryRoutes(deps.directory),
  ]);
}

async function submitJson(submit: Submit, call: RestCall): Promise<RestAnswer> {
  const { body } = call;
  if (!isRecord(body)) throw new ServiceError("malformed_body", "body must be a JSON object");
  const submitted: SubmittedMetrics = {
    service: body.service,
    version: body.version,
    instance_id: body.instance_id,
    idempotency_key: body.idempotency_key || call.header("idempotency-key"),
    metrics: body.metrics,
  };
  return ok(await submit(call, submitted));
}

async function scrape({ expose }: RestDeps): Promise<RestAnswer> {
  const { contentType, text } = await expose();
  return { status: 200, body: text, headers: { "content-type": contentType } };
}

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

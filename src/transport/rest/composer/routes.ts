import { type FiguresRequest, readService } from "../../../api/composer/scope.ts";
import { RULES } from "../../../api/rules.ts";
import { queryOf, signalOf } from "../../http/exchange.ts";
import { ok } from "../answer.ts";
import type { KeyedRequest, RestAnswer, RestRequest, RestRoutes, RestService } from "../route.ts";

/** What `GET /api/v1/version` calls the service. */
const NAME = "mcp-metrics";
/** A composer is Python, and its clients expect a text. */
const NO_PYTHON = "n/a";
/** What the service runs on, such as `linux-x64`. */
const PLATFORM = `${process.platform}-${process.arch}`;

/** The routes that composers' dashboards and Prometheus servers know. */
export const COMPOSER_ROUTES = {
  "GET /api/v1/metrics/prometheus": { rule: RULES.composer.scrape, reads: "nothing", answer: scrape },
  "GET /api/v1/metrics": {
    rule: RULES.composer.metrics,
    reads: "nothing",
    answer: async (request, { operations }) =>
      ok(await operations.composer.metrics(request.call, readFigures(request), signalOf(request.exchange))),
  },
  "GET /api/v1/status": {
    rule: RULES.composer.status,
    reads: "nothing",
    answer: async (request, { operations }) =>
      ok(await operations.composer.status(request.call, readFigures(request), signalOf(request.exchange))),
  },
  "GET /api/v1/health": {
    rule: RULES.composer.health,
    reads: "nothing",
    answer: (_request, { version, wallMs }) =>
      ok({ status: "healthy", version, timestamp: new Date(wallMs()).toISOString() }),
  },
  "GET /api/v1/health/detailed": {
    rule: RULES.composer.detailedHealth,
    reads: "nothing",
    answer: async (request, { operations }) =>
      ok(
        await operations.composer.detailedHealth(
          request.call,
          readFigures(request),
          signalOf(request.exchange),
        ),
      ),
  },
  "GET /api/v1/servers/{id}/metrics": {
    rule: RULES.composer.serverMetrics,
    reads: "nothing",
    answer: async (request, { operations }) => {
      const { pathParameter } = request.exchange;
      const figures = readFigures(request);
      return ok(
        await operations.composer.serverMetrics(
          request.call,
          pathParameter,
          figures,
          signalOf(request.exchange),
        ),
      );
    },
  },
  "GET /api/v1/version": {
    rule: RULES.composer.version,
    reads: "nothing",
    answer: (_request, { version, wallMs }) =>
      ok({
        name: NAME,
        version,
        api_version: "v1",
        build_date: null,
        git_commit: null,
        python_version: NO_PYTHON,
        platform: PLATFORM,
        timestamp: new Date(wallMs()).toISOString(),
      }),
  },
} as const satisfies RestRoutes;

/** What composers have reported, as Prometheus reads it. */
async function scrape(request: KeyedRequest, { operations }: RestService): Promise<RestAnswer> {
  const service = readService(readFigures(request).service, request.call.principal);
  const instanceId = queryOf(request.exchange).get("instance_id") || undefined;
  const { contentType, text } = await operations.exposeService({ service, instanceId });
  return { status: 200, body: text, headers: { "content-type": contentType } };
}

/** An empty parameter is an absent one. */
function readFigures({ exchange }: RestRequest): FiguresRequest {
  const parameters = queryOf(exchange);
  return {
    service: parameters.get("service") || undefined,
    window: parameters.get("window") || undefined,
  };
}

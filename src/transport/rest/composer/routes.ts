import type { Composer } from "../../../api/composer/composer.ts";
import { type FiguresRequest, readService } from "../../../api/composer/scope.ts";
import { RULES } from "../../../api/rules.ts";
import type { RestAnswer } from "../../http/answer.ts";
import type { RestCall, RestMethods } from "../../http/rest-handler.ts";
import {
  COMPOSER_DETAILED_HEALTH,
  COMPOSER_HEALTH,
  COMPOSER_METRICS,
  COMPOSER_SCRAPE,
  COMPOSER_SERVER,
  COMPOSER_STATUS,
  COMPOSER_VERSION,
} from "./documents.ts";

export interface ComposerRouteDeps {
  readonly composer: Composer;
  /** What a service's instances say together, or those of all. */
  readonly exposeService: (
    service: string | undefined,
  ) => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly version: string;
  readonly wallMs: () => number;
  readonly shutdownSignal: AbortSignal;
}

const NAME = "mcp-metrics";

/** The routes that composers' dashboards and Prometheus servers know. */
export function composerRoutes(deps: ComposerRouteDeps): readonly (readonly [string, RestMethods])[] {
  const { composer, version, wallMs, shutdownSignal } = deps;
  const keyed = (
    operation: "metrics" | "status" | "detailedHealth" | "serverMetrics",
    document: typeof COMPOSER_METRICS,
    answer: (call: RestCall) => Promise<object>,
  ): RestMethods => ({
    GET: {
      rule: RULES.composer[operation],
      reads: "nothing",
      document,
      answer: async (call: RestCall): Promise<RestAnswer> => ({ status: 200, body: await answer(call) }),
    },
  });
  const open = (document: typeof COMPOSER_HEALTH, answer: () => object): RestMethods => ({
    GET: {
      rule: RULES.composer.health,
      reads: "nothing",
      document,
      answer: () => ({ status: 200, body: answer() }),
    },
  });

  async function scrape(call: RestCall): Promise<RestAnswer> {
    const service = readService(readFigures(call).service, call.principal);
    const { contentType, text } = await deps.exposeService(service);
    return { status: 200, body: text, headers: { "content-type": contentType } };
  }

  return [
    [
      "/api/v1/metrics/prometheus",
      { GET: { rule: RULES.composer.scrape, reads: "nothing", document: COMPOSER_SCRAPE, answer: scrape } },
    ],
    [
      "/api/v1/metrics",
      keyed("metrics", COMPOSER_METRICS, (call) => composer.metrics(call, readFigures(call), shutdownSignal)),
    ],
    [
      "/api/v1/status",
      keyed("status", COMPOSER_STATUS, (call) => composer.status(call, readFigures(call), shutdownSignal)),
    ],
    [
      "/api/v1/health",
      open(COMPOSER_HEALTH, () => ({
        status: "healthy",
        version,
        timestamp: new Date(wallMs()).toISOString(),
      })),
    ],
    [
      "/api/v1/health/detailed",
      keyed("detailedHealth", COMPOSER_DETAILED_HEALTH, (call) =>
        composer.detailedHealth(call, readFigures(call), shutdownSignal),
      ),
    ],
    [
      "/api/v1/servers/{id}/metrics",
      keyed("serverMetrics", COMPOSER_SERVER, (call) =>
        composer.serverMetrics(call, call.pathParameter, readFigures(call), shutdownSignal),
      ),
    ],
    ["/api/v1/version", open(COMPOSER_VERSION, () => ({ name: NAME, version, api_version: "v1" }))],
  ];
}

/** An empty parameter is an absent one. */
function readFigures({ query }: RestCall): FiguresRequest {
  const parameters = query();
  return {
    service: parameters.get("service") || undefined,
    window: parameters.get("window") || undefined,
  };
}

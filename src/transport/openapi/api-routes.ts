import type { UniversalHandler } from "@connectrpc/connect/protocol";
import type { RestMethods } from "../rest/rest-handler.ts";
import { ruleOf } from "../rpc/gate.ts";
import { fileRoute, lazyFile } from "../static-files.ts";
import { describeApi } from "./document.ts";
import { fieldRules } from "./field-rules.ts";
import type { RouteDocument } from "./route-document.ts";

const OPENAPI: RouteDocument = {
  group: "The service",
  summary: "See this description",
  answers: { 200: { description: "OpenAPI 3.1.", schema: { type: "object" } } },
};

/** The routes, and those that describe them and the RPCs. */
export function withApiDocument(
  routes: ReadonlyMap<string, RestMethods>,
  rpc: ReadonlyMap<string, UniversalHandler>,
  { version, metricsPerRequestMax }: { readonly version: string; readonly metricsPerRequestMax: number },
): ReadonlyMap<string, RestMethods> {
  const rest = new Map(routes);
  const rpcs = [...rpc.values()].map((handler) => ({ method: handler.method, rule: ruleOf(handler) }));
  const document = lazyFile("openapi.json", () =>
    JSON.stringify(describeApi({ version, rest, rpcs, rules: fieldRules(metricsPerRequestMax) })),
  );
  return rest.set("/openapi.json", fileRoute(OPENAPI, document));
}

import type { UniversalHandler } from "@connectrpc/connect/protocol";
import type { RestMethods } from "../http/rest-handler.ts";
import type { RouteDocument } from "../http/route-document.ts";
import { describeApi } from "../openapi/document.ts";
import { fieldRules } from "../openapi/field-rules.ts";
import type { OpenApiDocument } from "../openapi/operation.ts";
import { ruleOf } from "../rpc/auth-interceptor.ts";
import { docsPage } from "./docs/docs-page.ts";
import { fileRoute, findStaticFiles, lazyFile, pageRoutes } from "./static-files.ts";

const OPENAPI: RouteDocument = {
  group: "The service",
  summary: "See this description",
  answers: { 200: { description: "OpenAPI 3.1.", schema: { type: "object" } } },
};

const DOCS: RouteDocument = {
  group: "The service",
  summary: "Read this description",
  answers: {
    200: { description: "A page.", schema: { type: "string" }, contentType: "text/html; charset=utf-8" },
  },
};

const PAGE_FILES = new URL("./docs/files/", import.meta.url);

/** The routes, and those that describe them and the RPCs. */
export function withApiDocument(
  routes: ReadonlyMap<string, RestMethods>,
  rpc: ReadonlyMap<string, UniversalHandler>,
  { version, metricsPerRequestMax }: { readonly version: string; readonly metricsPerRequestMax: number },
): ReadonlyMap<string, RestMethods> {
  const rest = new Map(routes);
  const rpcs = [...rpc.values()].map((handler) => ({ method: handler.method, rule: ruleOf(handler) }));
  let described: OpenApiDocument | undefined;
  const describe = () => {
    described ??= describeApi({ version, rest, rpcs, rules: fieldRules(metricsPerRequestMax) });
    return described;
  };
  const json = lazyFile("openapi.json", () => JSON.stringify(describe()));
  const page = lazyFile("index.html", () => docsPage(describe()));
  const files = findStaticFiles(PAGE_FILES).set("index.html", page);
  rest.set("/openapi.json", fileRoute(OPENAPI, json));
  for (const [path, methods] of pageRoutes("/docs", DOCS, files)) rest.set(path, methods);
  return rest;
}

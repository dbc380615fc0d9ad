import { COMMENTS } from "../../../gen/comments.js";
import { METRIC_TYPES } from "../../catalogue/catalogue.ts";
import type { RouteName } from "../rest/route.ts";
import type { JsonSchema } from "../schema/json-schema.ts";
import type { RouteGroup } from "../schema/route-document.ts";
import { hoistSchemas } from "./hoist-schemas.ts";
import { describeMetricType } from "./metric-types.ts";
import type { OpenApiDocument, Paths } from "./operation.ts";
import { type DocumentedRoute, restOperations } from "./rest-operations.ts";
import { sharedFailures } from "./rpc-failures.ts";
import { type DocumentedRpc, isCallable, rpcOperations } from "./rpc-operations.ts";
import { rpcSchemas } from "./rpc-schemas.ts";

/** What the document is made of. */
export interface DocumentOptions {
  /** Of the service. */
  readonly version: string;
  /** REST routes with what is said of them, in the order of the document. */
  readonly rest: Readonly<Record<RouteName, DocumentedRoute>>;
  /** RPCs with who may call them. */
  readonly rpcs: readonly DocumentedRpc[];
  /** What fields may hold, by their full names in the schema. */
  readonly rules: ReadonlyMap<string, JsonSchema>;
}

/** What holds for every call; CommonMark. */
const DESCRIPTION = `\
Everything on one port: REST, and every RPC of the schema as JSON over plain HTTP (the Connect protocol). The same
RPCs speak gRPC, gRPC-Web and binary Connect; clients for those are generated from the schema.

A field of an answer that has its default value (0, an empty text, false, an empty list) may be left out by RPCs.
Fields that are not known are passed over in what is sent, and may come to be in what is answered.

Every failure has a stable reason. What can be retried says when, in \`Retry-After\`. A call of an RPC in a media type
that the protocol does not know, or a GET of one without its \`encoding\`, is answered with 415 and nothing more.`;

/** The groups of routes, as pages list them; those of RPCs are the services, in the words of the schema. */
const GROUPS: Readonly<Record<RouteGroup, string>> = {
  "The service": "What this is.",
  Metrics: "Metrics in, and out to Prometheus.",
  Health: "For load balancers and orchestrators.",
  Queries: "What was submitted, as a table.",
  Administration: "Retention and the database; for keys with the role `admin`.",
  Composer: "What composers of MCP servers show of themselves.",
  Directory: "What a directory shows of each server.",
  OpenTelemetry: "OTLP, as OpenTelemetry's SDKs and collectors push it.",
};

/** OpenAPI 3.1 of what is served: made from the tables that serve it, so that neither has more than the other. */
export function describeApi({ version, rest, rpcs, rules }: DocumentOptions): OpenApiDocument {
  const callable = rpcs.filter(isCallable);
  const paths = { ...restOperations(rest), ...rpcOperations(callable) };
  const hoisted = hoistSchemas({ paths, responses: sharedFailures() });
  const messages = rpcSchemas(
    callable.map(({ method }) => method),
    rules,
  );
  return {
    openapi: "3.1.0",
    info: { title: "MCP Metrics", version, description: DESCRIPTION },
    tags: tagsOf(paths),
    paths: hoisted.value.paths,
    "x-metric-types": METRIC_TYPES.map(describeMetricType),
    components: {
      schemas: { ...hoisted.schemas, ...messages },
      responses: hoisted.value.responses,
      headers: HEADERS,
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

/** The tags that are used, in the order of `GROUPS`, then services. */
function tagsOf(paths: Paths) {
  const used = new Set(
    Object.values(paths).flatMap((methods) => Object.values(methods).flatMap(({ tags }) => tags)),
  );
  const descriptions = new Map<string, string>(Object.entries(GROUPS));
  const names = [...[...descriptions.keys()].filter((name) => used.delete(name)), ...used];
  return names.map((name) => ({
    name,
    description: descriptions.get(name) ?? COMMENTS.get(name) ?? name,
  }));
}

/** Headers that answers carry, said once. */
const HEADERS: OpenApiDocument["components"]["headers"] = {
  "X-Request-Id": {
    description: "Names the call in the log and in the database.",
    schema: { type: "string", pattern: "^req_[0-9a-f]{16}$" },
  },
  "X-RateLimit-Limit": { description: "Requests a minute of this key.", schema: { type: "integer" } },
  "X-RateLimit-Remaining": {
    description: "Requests that may be sent at once now.",
    schema: { type: "integer" },
  },
  "X-RateLimit-Reset": {
    description: "Seconds until all of them may be sent again.",
    schema: { type: "integer" },
  },
  "Retry-After": {
    description: "Seconds until a retry can succeed.",
    schema: { type: "integer", minimum: 1 },
  },
};

/** The two headers that a key may come in. */
const SECURITY_SCHEMES: OpenApiDocument["components"]["securitySchemes"] = {
  apiKey: { type: "apiKey", in: "header", name: "X-API-Key", description: "An API key." },
  bearer: { type: "http", scheme: "bearer", description: "The same key, as a bearer token." },
};

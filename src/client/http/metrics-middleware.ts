import type { MetricsClient } from "../metrics-client.ts";
import type { MetricsCollector } from "../metrics-collector.ts";
import { normalizeEndpoint, pathOf, type RouteTemplate } from "./endpoint.ts";
import type { ObservedRequest, ObservedResponse } from "./exchange.ts";
import {
  createRequestObserver,
  type HandlerFailed,
  type MetricsMiddlewareOptions,
} from "./request-observer.ts";

/**
 * A handler of node:http, node:https or node:http2. `any`, because nothing stricter lets a handler be written
 * in the call of createServer: the types of its overloads say nothing about it there.
 */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type HttpHandler = (request: any, response: any) => unknown;

/** As much as can be said without Fastify's own type, whose `addHook` has an overload for every hook. */
interface FastifyInstance {
  readonly addHook: (...args: never[]) => unknown;
}

/** Fastify's `addHook` for the one hook that is used. */
type AddOnRequest = (
  name: "onRequest",
  hook: (request: FastifyRequest, reply: { readonly raw: ObservedResponse }, next: () => void) => void,
) => void;

/** Fastify's request: the one of node:http in it, and the route that will answer. */
interface FastifyRequest {
  readonly raw: ObservedRequest;
  readonly routeOptions?: { readonly url?: string | undefined } | undefined;
}

/** One middleware for several frameworks; all its forms count into the same metrics. */
export interface MetricsMiddleware {
  /**
   * For Express and everything else that takes `(request, response, next)`: `app.use(middleware)`, before
   * routes.
   */
  (request: ObservedRequest, response: ObservedResponse, next: () => void): void;
  /**
   * For node:http and node:http2: `createServer(middleware.wrap(handler))`. What the handler throws is thrown
   * on.
   */
  wrap<Handler extends HttpHandler>(handler: Handler): Handler;
  /** For Fastify: `app.register(middleware.fastify)`. */
  readonly fastify: (instance: FastifyInstance, options: unknown, done: () => void) => void;
}

/**
 * Counts, times and sizes the requests of an HTTP server, as metrics of the type `http_request`. The endpoint
 * is the route's template where the framework knows it, else the path without its ids. Bodies are counted,
 * not read. Whatever goes wrong in here, the request goes on.
 */
export function metricsMiddleware(
  metrics: MetricsClient | MetricsCollector,
  options: MetricsMiddlewareOptions = {},
): MetricsMiddleware {
  const observer = createRequestObserver("client" in metrics ? metrics.client : metrics, options);

  function observe(
    request: ObservedRequest,
    response: ObservedResponse,
    findTemplate: () => RouteTemplate | undefined,
  ): HandlerFailed {
    try {
      return observer(request, response, findTemplate);
    } catch {
      // A request that looks like none, or an `ignore` that throws: the host's work comes first.
      return () => {};
    }
  }

  function middleware(request: ObservedRequest, response: ObservedResponse, next: () => void): void {
    const failed = observe(request, response, () => expressTemplate(request as ExpressRequest));
    reportingFailure(failed, next);
  }

  function wrap<Handler extends HttpHandler>(handler: Handler): Handler {
    function wrapped(this: unknown, request: ObservedRequest, response: ObservedResponse): unknown {
      const failed = observe(request, response, () => undefined);
      return reportingFailure(failed, () => handler.call(this, request, response));
    }
    // It takes and returns what the handler does.
    return wrapped as unknown as Handler;
  }

  function fastify(instance: FastifyInstance, _options: unknown, done: () => void): void {
    const addHook = instance.addHook.bind(instance) as AddOnRequest;
    addHook("onRequest", (request, reply, next) => {
      observe(request.raw, reply.raw, () => {
        const path = request.routeOptions?.url;
        return path === undefined ? undefined : { mount: "", path };
      });
      next();
    });
    done();
  }
  // As fastify-plugin does it: the hook is not encapsulated, but applies to the routes around the plugin too.
  Object.assign(fastify, { [Symbol.for("skip-override")]: true });

  return Object.assign(middleware, { wrap, fastify });
}

/** Runs a handler and calls `failed` if it throws or rejects, which then goes on to the host unchanged. */
function reportingFailure(failed: HandlerFailed, handler: () => unknown): unknown {
  let result: unknown;
  try {
    result = handler();
  } catch (error) {
    failed();
    throw error;
  }
  if (!(result instanceof Promise)) return result;
  return result.catch((error: unknown) => {
    failed();
    throw error;
  });
}

/** What Express leaves on a request that a route has taken. */
interface ExpressRequest extends ObservedRequest {
  readonly baseUrl?: string | undefined;
  readonly route?: { readonly path?: unknown } | undefined;
}

/**
 * The template of the route that took the request, behind the path its router is mounted at; undefined when
 * no route did, or one without a single template (a RegExp, a list).
 */
function expressTemplate(request: ExpressRequest): RouteTemplate | undefined {
  const path = request.route?.path;
  if (typeof path !== "string") return undefined;
  const mount = request.baseUrl || mountOf(request, path);
  return { mount: mount === "" ? "" : normalizeEndpoint(mount), path };
}

/** An error on its way out of a router resets `baseUrl`; then it is what the template leaves of the path. */
function mountOf({ originalUrl = "" }: ExpressRequest, template: string): string {
  // A template with parts that match any number of segments does not say how many are the mount's.
  if (/[*{(?+]/.test(template)) return "";
  const segments = pathOf(originalUrl).split("/").filter(Boolean);
  const ownCount = template.split("/").filter(Boolean).length;
  return segments.slice(0, Math.max(0, segments.length - ownCount)).join("/");
}

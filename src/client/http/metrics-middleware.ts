import type { MetricsClient } from "../metrics-client.ts";
import type { MetricsCollector } from "../metrics-collector.ts";
import type { RouteTemplate } from "./endpoint.ts";
import type { HttpRequest, HttpResponse } from "./exchange.ts";
import {
  createRequestObserver,
  type HandlerFailed,
  type MetricsMiddlewareOptions,
} from "./request-observer.ts";
import { type ExpressRequest, expressTemplate } from "./route-template.ts";

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

type AddOnRequest = (
  name: "onRequest",
  hook: (request: FastifyRequest, reply: { readonly raw: HttpResponse }, next: () => void) => void,
) => void;

interface FastifyRequest {
  readonly raw: HttpRequest;
  readonly routeOptions?: { readonly url?: string | undefined } | undefined;
}

export interface MetricsMiddleware {
  /** For Express and everything else that takes `(request, response, next)`. */
  (request: HttpRequest, response: HttpResponse, next: () => void): void;
  /** For node:http: `createServer(middleware.wrap(handler))`. */
  wrap<Handler extends HttpHandler>(handler: Handler): Handler;
  /** For Fastify: `app.register(middleware.fastify)`. */
  readonly fastify: (instance: FastifyInstance, options: unknown, done: () => void) => void;
}

/**
 * Counts, times and sizes the requests of an HTTP server, as metrics of the type `http_request`. The endpoint
 * is the route's template where the framework knows it, else the path without its ids. Whatever goes wrong
 * in here, the request goes on.
 */
export function metricsMiddleware(
  metrics: MetricsClient | MetricsCollector,
  options: MetricsMiddlewareOptions = {},
): MetricsMiddleware {
  const observer = createRequestObserver("client" in metrics ? metrics.client : metrics, options);

  function observe(
    request: HttpRequest,
    response: HttpResponse,
    findTemplate: () => RouteTemplate | undefined,
  ): HandlerFailed {
    try {
      return observer(request, response, findTemplate);
    } catch {
      // A request that looks like none, or an `ignore` that throws: the host's work comes first.
      return () => {};
    }
  }

  function middleware(request: HttpRequest, response: HttpResponse, next: () => void): void {
    const failed = observe(request, response, () => expressTemplate(request as ExpressRequest));
    noticing(failed, next);
  }

  function wrap<Handler extends HttpHandler>(handler: Handler): Handler {
    function wrapped(this: unknown, request: HttpRequest, response: HttpResponse): unknown {
      const failed = observe(request, response, () => undefined);
      return noticing(failed, () => handler.call(this, request, response));
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
  // Fastify's way to say that the hook is meant for the routes around the plugin, too.
  Object.assign(fastify, { [Symbol.for("skip-override")]: true });

  return Object.assign(middleware, { wrap, fastify });
}

/** Runs a handler and notices that it throws or rejects; the host hears of it as if nobody stood between. */
function noticing(failed: HandlerFailed, handler: () => unknown): unknown {
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

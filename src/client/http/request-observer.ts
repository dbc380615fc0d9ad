import { type Clock, systemClock } from "../../lib/clock.ts";
import type { MetricsClient } from "../metrics-client.ts";
import { EndpointNames, pathOf, type RouteTemplate } from "./endpoint.ts";
import {
  countRequestBytes,
  countResponseBytes,
  type ObservedRequest,
  type ObservedResponse,
} from "./exchange.ts";

/** The client was gone before the response began. No status of HTTP's own says that; 499 is nginx's. */
const CLIENT_CLOSED_REQUEST = 499;
/** Statuses whose responses have no body, whatever a handler writes (RFC 9110 section 6.4.1). */
const BODYLESS = new Set([204, 304]);

/** The methods that are recorded by name, and so can be labels. */
const METHODS = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "CONNECT",
  "QUERY",
]);
/**
 * All other methods, of which clients can invent any number, as OpenTelemetry's HTTP conventions name them:
 * https://opentelemetry.io/docs/specs/semconv/http/http-metrics/ (`http.request.method`).
 */
const OTHER_METHOD = "_OTHER";

/**
 * Whether the response does not prove that the path exists: 401, 403 or 429 are given for any path, 404 for
 * none that exists, and 499 stands for no response.
 */
function isClientError(statusCode: number): boolean {
  return statusCode >= 400 && statusCode < 500;
}

/** One finished request, as it becomes a metric of the type `http_request`. */
export interface HttpRequestRecord {
  readonly method: string;
  /** A route template or a normalized path: a label, so one of few. */
  readonly endpoint: string;
  readonly statusCode: number;
  readonly durationMs?: number | undefined;
  /** Of the body, in bytes, without headers; so are responses. */
  readonly requestSizeBytes?: number | undefined;
  readonly responseSizeBytes?: number | undefined;
}

/** Emits the metric. Never throws, as no method of the client does. */
export function emitHttpRequest(client: MetricsClient, record: HttpRequestRecord): void {
  client.emit("http_request", {
    durationMs: record.durationMs,
    dimensions: { method: record.method, endpoint: record.endpoint, status_code: record.statusCode },
    metadata: {
      request_size_bytes: record.requestSizeBytes,
      response_size_bytes: record.responseSizeBytes,
    },
  });
}

/** What the host decides about its requests' metrics. */
export interface MetricsMiddlewareOptions {
  /** Whether requests of this path are left out, such as those of a health check; default: none are. */
  readonly ignore?: ((path: string) => boolean) | undefined;
  /** For tests. */
  readonly clock?: Clock | undefined;
}

/** To be called when the handler throws or rejects: the request counts as 500 then, whatever was sent. */
export type HandlerFailed = () => void;

/**
 * Makes the function that observes requests, each until its response is done or its client gone, and emits it
 * then, once. `findTemplate` is called at the end, because routers find their route only after the
 * middleware.
 */
export function createRequestObserver(client: MetricsClient, options: MetricsMiddlewareOptions) {
  const { ignore, clock = systemClock } = options;
  const names = new EndpointNames();

  return (
    request: ObservedRequest,
    response: ObservedResponse,
    findTemplate: () => RouteTemplate | undefined,
  ): HandlerFailed => {
    const target = request.originalUrl ?? request.url ?? "/";
    if (ignore?.(pathOf(target))) return () => {};
    const startedMs = clock.monotonicMs();
    const requestBytes = countRequestBytes(request);
    const responseBytes = countResponseBytes(response);
    let isDone = false;

    function record(statusCode: number): void {
      if (isDone) return;
      isDone = true;
      const { method = "GET" } = request;
      const template = findTemplate();
      const isBodyless = method === "HEAD" || BODYLESS.has(statusCode);
      emitHttpRequest(client, {
        method: METHODS.has(method) ? method : OTHER_METHOD,
        endpoint: template ? names.ofRoute(template) : names.ofPath(target, !isClientError(statusCode)),
        statusCode,
        durationMs: clock.monotonicMs() - startedMs,
        requestSizeBytes: requestBytes(),
        responseSizeBytes: isBodyless ? 0 : responseBytes(),
      });
    }

    response.once("close", () => record(response.headersSent ? response.statusCode : CLIENT_CLOSED_REQUEST));
    return () => record(500);
  };
}

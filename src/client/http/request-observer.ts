import { type Clock, systemClock } from "../../lib/clock.ts";
import type { MetricsClient } from "../metrics-client.ts";
import { EndpointNames, pathOf, type RouteTemplate } from "./endpoint.ts";
import { countRequestBytes, countResponseBytes, type HttpRequest, type HttpResponse } from "./exchange.ts";

/** As nginx says it: the client was gone before the answer began. */
const CLIENT_CLOSED_REQUEST = 499;
/** Answers without a body, whatever a handler writes. */
const BODYLESS = new Set([204, 304]);

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
/** As OpenTelemetry names the rest, of which HTTP/2 lets clients invent any number. */
const OTHER_METHOD = "_OTHER";

/** Whether the answer says nothing of the path: strangers are turned away from any, and who leaves sees none. */
function isRefusal(statusCode: number): boolean {
  return statusCode >= 400 && statusCode < 500;
}

/** One finished request. */
export interface HttpRequestRecord {
  readonly method: string;
  readonly endpoint: string;
  readonly statusCode: number;
  readonly durationMs?: number | undefined;
  readonly requestSizeBytes?: number | undefined;
  readonly responseSizeBytes?: number | undefined;
}

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

export interface MetricsMiddlewareOptions {
  /** Whether requests of this path are left out, such as those of a health check. */
  readonly ignore?: ((path: string) => boolean) | undefined;
  /** For tests. */
  readonly clock?: Clock | undefined;
}

/** Says that the handler threw; the answer counts as 500 then, also when another had begun. */
export type HandlerFailed = () => void;

/**
 * Watches one request until its answer is done or its client gone, and emits it then, once. `findTemplate`
 * is asked at the end, when routers have done their work.
 */
export function createRequestObserver(client: MetricsClient, options: MetricsMiddlewareOptions) {
  const { ignore, clock = systemClock } = options;
  const names = new EndpointNames();

  return (
    request: HttpRequest,
    response: HttpResponse,
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
        endpoint: template ? names.ofRoute(template) : names.ofPath(target, !isRefusal(statusCode)),
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

import { type Clock, systemClock } from "../../lib/clock.ts";
import type { MetricsClient } from "../metrics-client.ts";
import { EndpointNames } from "./endpoint.ts";
import { countRequestBytes, countResponseBytes, type HttpRequest, type HttpResponse } from "./exchange.ts";

/** As nginx says it: the client was gone before the answer began. */
const CLIENT_CLOSED_REQUEST = 499;
/** Answers without a body, whatever a handler writes. */
const BODYLESS = new Set([204, 304]);

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
    findTemplate: () => string | undefined,
  ): HandlerFailed => {
    const target = request.originalUrl ?? request.url ?? "/";
    if (ignore?.(target)) return () => {};
    const startedMs = clock.monotonicMs();
    const requestBytes = countRequestBytes(request);
    const responseBytes = countResponseBytes(response);
    let isDone = false;

    function record(statusCode: number): void {
      if (isDone) return;
      isDone = true;
      const { method = "GET" } = request;
      const isBodyless = method === "HEAD" || BODYLESS.has(statusCode);
      emitHttpRequest(client, {
        method,
        endpoint: findTemplate() ?? names.nameOf(target, statusCode !== 404),
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

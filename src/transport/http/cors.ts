import { type Exchange, headerOf } from "./exchange.ts";

/**
 * Request headers that Connect, gRPC-Web, our own clients and those of the directory send from a browser. `cors` of
 * @connectrpc/connect lists more, for forward compatibility: no browser sends those today.
 */
const ALLOWED_HEADERS = [
  "Content-Type",
  "Connect-Protocol-Version",
  "Connect-Timeout-Ms",
  "Connect-Accept-Encoding",
  "Connect-Content-Encoding",
  "Grpc-Timeout",
  "X-Grpc-Web",
  "X-User-Agent",
  "Authorization",
  "X-API-Key",
  "Idempotency-Key",
  "X-Webhook-Signature",
  "X-Signature",
  "Cache-Control",
  "X-Client-Info",
  "apikey",
].join(", ");

/** Response headers that a page may read. */
const EXPOSED_HEADERS = [
  "Grpc-Status",
  "Grpc-Message",
  "Grpc-Status-Details-Bin",
  "X-RateLimit-Limit",
  "X-RateLimit-Remaining",
  "X-RateLimit-Reset",
  "Retry-After",
  "X-Request-Id",
  "X-Export-Range",
  "Content-Disposition",
].join(", ");

/** Seconds a browser may remember a preflight; Chromium's own maximum. */
const MAX_AGE_SECONDS = "7200";

/**
 * Cross-origin access (https://fetch.spec.whatwg.org/#http-cors-protocol), closed unless origins are
 * configured. Returns whether the request was a preflight and is answered.
 *
 * Credentials are never allowed: keys travel in headers that a page sets itself.
 */
export function createCors(origins: readonly string[]): (exchange: Exchange) => boolean {
  return ({ request, response }) => {
    const origin = headerOf(request, "origin");
    // Also of answers within the origin: a browser that kept one would show it to no other, allowed or not.
    response.setHeader("vary", "Origin");
    if (origin === undefined) return false;
    if (!origins.includes("*") && !origins.includes(origin)) return false;
    response.setHeader("access-control-allow-origin", origins.includes("*") ? "*" : origin);
    if (request.method !== "OPTIONS" || headerOf(request, "access-control-request-method") === undefined) {
      response.setHeader("access-control-expose-headers", EXPOSED_HEADERS);
      return false;
    }
    response.setHeader("access-control-allow-methods", "GET, POST, PUT");
    response.setHeader("access-control-allow-headers", ALLOWED_HEADERS);
    response.setHeader("access-control-max-age", MAX_AGE_SECONDS);
    response.statusCode = 204;
    response.end();
    return true;
  };
}

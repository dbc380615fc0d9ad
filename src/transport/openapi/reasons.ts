import { type FailureReason, ServiceError } from "../../errors.ts";

/** What each reason tells a caller, and a message that comes with it. */
export const REASONS: Readonly<Record<FailureReason, readonly [meaning: string, message: string]>> = {
  api_key_missing: ["The call carries no API key.", "API key required in X-API-Key header"],
  api_key_invalid: ["Nobody has this API key.", "Invalid API key"],
  api_key_inactive: ["The API key has been revoked or replaced.", "API key is inactive"],
  api_key_expired: ["The API key has expired.", "API key has expired"],
  signature_invalid: [
    "The server has a webhook secret, and the call is not signed with it.",
    "Invalid webhook signature",
  ],
  permission_denied: ["The key's role may not do this.", "a reader key may not do this"],
  service_not_allowed: [
    "The key belongs to another service: it cannot see this one's figures, nor write its metrics where " +
      "METRICS_SERVICE_BINDING is `strict`.",
    'this key may not write metrics of service "registry"',
  ],
  metrics_disabled: [
    "The server's metrics are not taken at present.",
    "Metrics collection is disabled for this server",
  ],
  rate_limited: [
    "The key's requests for this minute are used up.",
    "Rate limit exceeded. Limit: 1000 requests/minute",
  ],
  daily_limit_exceeded: [
    "The key's requests for this day (UTC) are used up.",
    "Daily usage limit exceeded. Limit: 100000 requests/day (UTC)",
  ],
  monthly_limit_exceeded: [
    "The key's requests for this month (UTC) are used up.",
    "Monthly usage limit exceeded. Limit: 1000000 requests/month (UTC)",
  ],
  malformed_body: ["The body cannot be read, or is not what is taken here.", "body is not valid JSON"],
  validation_failed: [
    "The call can be read, and what it says is refused; the message names the field.",
    "Service name is required",
  ],
  body_too_large: [
    "The body is larger than MAX_REQUEST_SIZE, as sent or decompressed.",
    "body is larger than 10000000 bytes",
  ],
  unsupported_encoding: [
    "The body's Content-Encoding is none that is known.",
    "Content-Encoding must be one of gzip, x-gzip, deflate, br",
  ],
  unsupported_media_type: [
    "The body's Content-Type is none that is taken here.",
    "Content-Type must be application/json",
  ],
  not_found: ["There is no such thing.", "Not Found"],
  unimplemented: ["There is no such RPC.", "unknown RPC"],
  method_not_allowed: ["The path is not for this method; `Allow` says for which.", "Method Not Allowed"],
  idempotency_conflict: [
    "The idempotency key has been used with another body.",
    "this idempotency key was used with another request",
  ],
  queue_full: [
    "Too much waits already; nothing of the call is stored.",
    "100000 metrics wait for storage already; retry later",
  ],
  storage_unavailable: [
    "The disk takes no writes; nothing of the call is stored.",
    "storage cannot accept metrics now; retry later",
  ],
  shutting_down: ["The service is stopping; nothing of the call is stored.", "the service is shutting down"],
  deadline_exceeded: [
    "It took longer than the caller or METRICS_QUERY_TIMEOUT_SECONDS allows.",
    "the deadline has passed",
  ],
  internal: ["A fault of the service; its log says more under the request id.", "Internal server error"],
};

/** A failure as callers meet it. */
export function exampleOf(reason: FailureReason): ServiceError {
  const [, message] = REASONS[reason];
  const violations =
    reason === "validation_failed" ? [{ field: "service", reason: "required", message }] : [];
  return new ServiceError(reason, message, { violations });
}

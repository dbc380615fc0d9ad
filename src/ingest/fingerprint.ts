import { hash } from "node:crypto";
import { ServiceError } from "../errors.ts";
import { isRecord } from "../lib/json.ts";
import { readTimestamp } from "./parse-timestamp.ts";
import { readNumber } from "./text.ts";
import type { Validated } from "./validate.ts";

/**
 * Tell requests apart that carry the same idempotency key: equal for requests that mean the same, in
 * whichever protocol and spelling, so that a retry may go another way than the first try. SHA-256, as 43
 * characters.
 *
 * @throws {ServiceError} `malformed_body` for a request that is nested too deeply to be printed.
 */
export function fingerprint({ service, version, instanceId }: Validated, metrics: unknown): string {
  const canonical = Array.isArray(metrics) ? metrics.map(canonicalMetric) : metrics;
  try {
    return hash("sha256", JSON.stringify([service, version, instanceId, canonical]), "base64url");
  } catch (cause) {
    throw new ServiceError("malformed_body", "the metrics are nested too deeply", { cause });
  }
}

/** The members in a fixed order, each in one spelling. */
function canonicalMetric(metric: unknown): unknown {
  if (!isRecord(metric)) return metric;
  const { type, value, duration_ms, timestamp, dimensions, metadata } = metric;
  const time = readTimestamp(timestamp) ?? timestamp ?? null;
  return [type, numberOf(value), numberOf(duration_ms), time, sorted(dimensions), sorted(metadata)];
}

/** REST may send numbers in other spellings. */
function numberOf(value: unknown): unknown {
  return readNumber(value) ?? null;
}

/** Members of an object have no order; absent equals null. */
function sorted(fields: unknown): unknown {
  if (fields === undefined || fields === null) return [];
  return isRecord(fields) ? Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)) : fields;
}

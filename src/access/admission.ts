import { type FailureReason, ServiceError } from "../errors.ts";
import type { KeyRole } from "../store/keys.ts";
import type { Call, Principal, RequestIdentity } from "./call.ts";
import type { FailedAttempts } from "./failed-attempts.ts";
import type { KeyEntry, KeyRegistry } from "./key-registry.ts";
import type { BucketState } from "./token-bucket.ts";
import type { ExceededQuota } from "./usage-quota.ts";

/** What a route or RPC asks of its callers. */
export interface AdmissionRule {
  /** Roles that may call; admin may call everything. */
  readonly roles: readonly KeyRole[];
  /** Whether a call takes a token from the key's bucket. */
  readonly costsToken: boolean;
  /** Whether it is called to hand metrics in. */
  readonly takesMetrics?: true;
  /** Whether a browser's session takes the place of a key: for what reads, and changes nothing. */
  readonly takesSession?: true;
}

/** Where an API key may stand, whatever the protocol, and who sends it. */
export interface Credentials {
  /** The header `X-API-Key`; it wins. */
  readonly apiKey: string | undefined;
  /** The header `Authorization`: `Bearer <key>` (RFC 6750). */
  readonly authorization: string | undefined;
  /** The key of the session that a page of the service has sent along; asked for where there is no key. */
  readonly session: () => KeyEntry | undefined;
  /** The client's address, asked for when the key is wrong; undefined once the client has gone. */
  readonly address: () => string | undefined;
}

/**
 * The outcome, as a value rather than an exception: an answer that rejects a known key still says in its
 * headers how the bucket stands, and is counted as the key's usage (`apiKeyId`).
 */
export type Admission =
  | {
      readonly call: Call;
      readonly bucket: BucketState;
      readonly apiKeyId: number;
      readonly principal: Principal;
      readonly failure?: never;
    }
  | {
      readonly failure: ServiceError;
      readonly bucket: BucketState | undefined;
      readonly apiKeyId: number | undefined;
      /** Whose key it is, also of one that is no longer valid; undefined where nobody has it. */
      readonly principal: Principal | undefined;
      readonly call?: never;
    };

/** What is counted of admissions. */
export interface AdmissionObserver {
  /**
   * A request: whose key it came with (undefined: none, or a wrong one), and `success` or the failure's
   * reason.
   */
  readonly onKey: (service: string | undefined, status: string) => void;
  readonly onRateLimited: (service: string) => void;
}

export type Admit = (credentials: Credentials, rule: AdmissionRule, request: RequestIdentity) => Admission;

/**
 * Authentication, rate limit and authorization, in this order: key, quota, token, role. Decides from the
 * headers alone, before any of the body is read, so that a request that is rejected costs next to nothing.
 */
export function createAdmission(
  keys: KeyRegistry,
  attempts: FailedAttempts,
  observer: AdmissionObserver,
): Admit {
  function check(entry: KeyEntry, rule: AdmissionRule): ServiceError | undefined {
    const { record } = entry;
    const exceeded = rule.costsToken ? keys.findExceededQuota(entry) : undefined;
    if (exceeded !== undefined) return quotaFailure(exceeded);
    if (rule.costsToken && !keys.takeToken(entry)) {
      observer.onRateLimited(record.service);
      const message = `Rate limit exceeded. Limit: ${record.rateLimit} requests/minute`;
      const { retryAfterSeconds } = keys.bucketState(entry);
      return new ServiceError("rate_limited", message, { retryAfterSeconds });
    }
    if (record.role === "admin" || rule.roles.includes(record.role)) return undefined;
    return new ServiceError("permission_denied", `a ${record.role} key may not do this`);
  }

  return (credentials, rule, request) => {
    const { entry: found, invalid } = findKey(keys, credentials, rule);
    if (invalid !== undefined) {
      // A request without a key guesses none, so it does not count as a failed attempt.
      const isAttempt = invalid.reason !== "api_key_missing";
      const failure = isAttempt ? attempts.count(invalid, credentials.address()) : invalid;
      observer.onKey(undefined, failure.reason);
      return { failure, bucket: undefined, apiKeyId: undefined, principal: found?.principal };
    }
    const failure = check(found, rule);
    observer.onKey(found.record.service, failure?.reason ?? "success");
    const bucket = keys.bucketState(found);
    const { principal } = found;
    const { apiKeyId } = principal;
    if (failure !== undefined) return { failure, bucket, apiKeyId, principal };
    return { call: { ...request, principal, address: credentials.address }, bucket, apiKeyId, principal };
  };
}

function quotaFailure({ reason, limit, resetMs }: ExceededQuota): ServiceError {
  const text = reason === "daily_limit_exceeded" ? "Daily" : "Monthly";
  const period = reason === "daily_limit_exceeded" ? "day" : "month";
  const message = `${text} usage limit exceeded. Limit: ${limit} requests/${period} (UTC)`;
  return new ServiceError(reason, message, { retryAfterSeconds: resetMs / 1000 });
}

/** The entry of the key that a request comes with, and why it does not hold where it does not. */
type FoundKey =
  | { readonly entry: KeyEntry; readonly invalid?: never }
  | { readonly entry: KeyEntry | undefined; readonly invalid: ServiceError };

function findKey(keys: KeyRegistry, credentials: Credentials, rule: AdmissionRule): FoundKey {
  const key = keyIn(credentials);
  const invalid = (reason: FailureReason, message: string, entry?: KeyEntry) => {
    return { entry, invalid: new ServiceError(reason, message) };
  };
  const entry = key === undefined ? sessionOf(credentials, rule) : keys.find(key);
  if (entry === undefined) {
    if (key !== undefined) return invalid("api_key_invalid", "Invalid API key");
    return invalid("api_key_missing", "API key required in X-API-Key header");
  }
  if (!entry.record.isActive) return invalid("api_key_inactive", "API key is inactive", entry);
  if (keys.isExpired(entry)) return invalid("api_key_expired", "API key has expired", entry);
  return { entry };
}

/** Whether a request comes with a key or, where these are taken, a session; valid or not. */
export function isIdentified(credentials: Credentials, rule: AdmissionRule): boolean {
  return keyIn(credentials) !== undefined || sessionOf(credentials, rule) !== undefined;
}

function sessionOf({ session }: Credentials, rule: AdmissionRule): KeyEntry | undefined {
  return rule.takesSession ? session() : undefined;
}

/** The key that a request comes with, valid or not. */
function keyIn({ apiKey, authorization }: Credentials): string | undefined {
  // Not `??`: an empty X-API-Key header is none.
  return apiKey || readBearer(authorization);
}

function readBearer(authorization: string | undefined): string | undefined {
  const match = /^bearer +([^ ]+)$/i.exec(authorization ?? "");
  return match?.[1];
}

import { ServiceError } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { networkOf } from "../lib/network.ts";
import { type Admission, type AdmissionRule, type Admit, type Credentials, keyIn } from "./admission.ts";
import type { RequestIdentity, Visit } from "./call.ts";
import { type Bucket, createBucket, readBucket, takeToken } from "./token-bucket.ts";

/** What is asked of callers that may come without a key: of those with one, this. */
export interface VisitRule {
  readonly ifKey: AdmissionRule;
}

/** The outcome: as that of an admission, with a visit in the place of a call. */
export type VisitAdmission =
  | (Omit<Extract<Admission, { call: object }>, "call" | "bucket" | "apiKeyId"> & {
      readonly visit: Visit;
      readonly bucket: Admission["bucket"];
      readonly apiKeyId: number | undefined;
    })
  | (Extract<Admission, { failure: ServiceError }> & { readonly visit?: never });

export type AdmitVisit = (
  credentials: Credentials,
  rule: VisitRule,
  request: RequestIdentity,
) => VisitAdmission;

/** Networks remembered. Those that have used up nothing are forgotten; beyond, the rest share one bucket. */
const NETWORKS_MAX = 10_000;
const SWEEP_INTERVAL_MS = 1000;

/**
 * Decide about callers who may have no key. One with a key is judged by it, and refused if it is wrong. One
 * without takes a token from the bucket of its network: more of its address is not remembered.
 */
export function createVisits(admit: Admit, clock: Clock, limitPerMinute: number): AdmitVisit {
  const buckets = new Map<string, Bucket>();
  const shared = createBucket(limitPerMinute, clock.monotonicMs());
  let sweptMs = Number.NEGATIVE_INFINITY;

  function bucketOf(network: string, nowMs: number): Bucket {
    const known = buckets.get(network);
    if (known !== undefined) return known;
    if (buckets.size >= NETWORKS_MAX && nowMs - sweptMs >= SWEEP_INTERVAL_MS) {
      sweptMs = nowMs;
      for (const [name, bucket] of buckets) {
        if (readBucket(bucket, limitPerMinute, nowMs).resetSeconds === 0) buckets.delete(name);
      }
    }
    if (buckets.size >= NETWORKS_MAX) return shared;
    const bucket = createBucket(limitPerMinute, nowMs);
    buckets.set(network, bucket);
    return bucket;
  }

  return (credentials, rule, request) => {
    const address = credentials.address();
    const network = address === undefined ? undefined : networkOf(address);
    const visit = { requestNumber: request.requestNumber, requestId: request.requestId, network, address };
    if (keyIn(credentials) !== undefined) {
      const admission = admit(credentials, rule.ifKey, request);
      if (admission.failure !== undefined) return admission;
      const { bucket, apiKeyId, call } = admission;
      return { visit: { ...visit, principal: call.principal }, bucket, apiKeyId };
    }
    const nowMs = clock.monotonicMs();
    const bucket = bucketOf(network ?? "unknown", nowMs);
    const granted = { bucket: undefined, apiKeyId: undefined };
    if (takeToken(bucket, limitPerMinute, nowMs)) {
      return { visit: { ...visit, principal: undefined }, ...granted };
    }
    const { retryAfterSeconds } = readBucket(bucket, limitPerMinute, nowMs);
    const message = `Rate limit exceeded. Limit: ${limitPerMinute} requests/minute without a key`;
    return { failure: new ServiceError("rate_limited", message, { retryAfterSeconds }), ...granted };
  };
}

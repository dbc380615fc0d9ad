import { ServiceError } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { networkOf } from "../lib/network.ts";
import {
  type Admission,
  type AdmissionRule,
  type Admit,
  type Credentials,
  isIdentified,
} from "./admission.ts";
import type { AnonymousCall, Principal, RequestIdentity } from "./call.ts";
import { NamedBuckets } from "./token-bucket.ts";

/** What a route that may be called anonymously asks of its callers. */
export interface AnonymousRule {
  /** Of those that come with a key all the same. */
  readonly ifKey: AdmissionRule;
}

/** The outcome: as that of an admission, with an anonymous call in the place of a call. */
export type AnonymousAdmission =
  | {
      readonly anonymousCall: AnonymousCall;
      readonly bucket: Admission["bucket"];
      readonly apiKeyId: number | undefined;
      readonly principal: Principal | undefined;
      readonly failure?: never;
    }
  | (Extract<Admission, { failure: ServiceError }> & { readonly anonymousCall?: never });

/** An outcome that is no failure: a caller with a key, or perhaps without one. */
export type Admitted = Exclude<Admission | AnonymousAdmission, { failure: ServiceError }>;

export type AdmitAnonymous = (
  credentials: Credentials,
  rule: AnonymousRule,
  request: RequestIdentity,
) => AnonymousAdmission;

/**
 * Admission of callers who may have no key. One with a key is admitted by it, and rejected if it is wrong.
 * One without takes a token from the bucket of its network: more of its address is not remembered.
 *
 * @param limitPerMinute calls a minute of one network without a key
 */
export function createAnonymousAccess(admit: Admit, clock: Clock, limitPerMinute: number): AdmitAnonymous {
  const buckets = new NamedBuckets(clock, limitPerMinute);
  return (credentials, rule, request) => {
    const address = credentials.address();
    const network = address === undefined ? undefined : networkOf(address);
    const anonymousCall = {
      requestNumber: request.requestNumber,
      requestId: request.requestId,
      network,
      address,
    };
    if (isIdentified(credentials, rule.ifKey)) {
      const admission = admit(credentials, rule.ifKey, request);
      if (admission.failure !== undefined) return admission;
      const { bucket, apiKeyId, principal } = admission;
      return { anonymousCall: { ...anonymousCall, principal }, bucket, apiKeyId, principal };
    }
    const nobody = { bucket: undefined, apiKeyId: undefined, principal: undefined };
    const retryAfterSeconds = buckets.take(network ?? "unknown");
    if (retryAfterSeconds === undefined)
      return { anonymousCall: { ...anonymousCall, principal: undefined }, ...nobody };
    const message = `Rate limit exceeded. Limit: ${limitPerMinute} requests/minute without a key`;
    return { failure: new ServiceError("rate_limited", message, { retryAfterSeconds }), ...nobody };
  };
}

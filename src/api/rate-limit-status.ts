import type { Call } from "../access/call.ts";
import type { BucketState } from "../access/token-bucket.ts";

/** The answer, under the names that the schema and the REST body share. */
export interface RateLimitStatusAnswer {
  /** The service whose key it is. */
  readonly service: string;
  /** Requests a minute. */
  readonly rate_limit: number;
  /** Requests that may be made at once. */
  readonly available_tokens: number;
  /** Until the bucket is full again. */
  readonly reset_time_seconds: number;
}

/** RateLimitStatus: the caller's bucket, as it was when the call was admitted. */
export function rateLimitStatus(call: Call, bucket: BucketState): RateLimitStatusAnswer {
  return {
    service: call.principal.service,
    rate_limit: bucket.limit,
    available_tokens: bucket.remaining,
    reset_time_seconds: bucket.resetSeconds,
  };
}

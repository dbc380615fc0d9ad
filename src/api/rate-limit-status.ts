import type { Call } from "../access/call.ts";
import type { BucketState } from "../access/token-bucket.ts";

export interface RateLimitStatusAnswer {
  readonly service: string;
  readonly rate_limit: number;
  readonly available_tokens: number;
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

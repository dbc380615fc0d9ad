import type { RequestIdentity } from "./call.ts";

/** 2^19 requests a second before numbers run ahead of the clock. A power of two, so that SQL can shift. */
const PER_SECOND = 2 ** 19;

/**
 * Number requests: the second of arrival and a sequence number in one integer below 2^53.
 *
 * Numbers grow strictly, also when the clock goes back, and go on above `last`, the newest stored one:
 * a request id never names two requests that stored anything.
 */
export function createRequestNumbers(wallMs: () => number, last: number): () => RequestIdentity {
  let previous = last;
  return () => {
    previous = Math.max(previous + 1, Math.floor(wallMs() / 1000) * PER_SECOND);
    return { requestNumber: previous, requestId: `req_${previous.toString(16).padStart(16, "0")}` };
  };
}

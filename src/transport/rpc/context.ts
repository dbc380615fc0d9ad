import { createContextKey, type HandlerContext } from "@connectrpc/connect";
import type { AnonymousCall, Call } from "../../access/call.ts";
import type { BucketState } from "../../access/token-bucket.ts";
import type { Exchange } from "../http/exchange.ts";

/** The exchange of an RPC; set before Connect sees the request. */
export const EXCHANGE = createContextKey<Exchange | undefined>(undefined, { description: "exchange" });

/** The caller that the auth interceptor has admitted; set for every RPC that asks for a key. */
export const ADMITTED = createContextKey<{ readonly call: Call; readonly bucket: BucketState } | undefined>(
  undefined,
  { description: "admitted" },
);

/** The caller, with a key or without; set for every RPC that may be called without one. */
export const ANONYMOUS_CALL = createContextKey<AnonymousCall | undefined>(undefined, {
  description: "anonymous call",
});

/** @throws {Error} for a call that did not come through `handleRpc`: a bug. */
export function exchangeOf(context: HandlerContext): Exchange {
  const exchange = context.values.get(EXCHANGE);
  if (exchange === undefined) throw new Error(`${context.method.name} ran outside an exchange`);
  return exchange;
}

/** The caller of an RPC that asks for a key. @throws {Error} in any other RPC: a bug. */
export function admittedOf(context: HandlerContext) {
  const admitted = context.values.get(ADMITTED);
  if (admitted === undefined) throw new Error(`${context.method.name} ran without admission`);
  return admitted;
}

/** The caller of an RPC that takes callers without a key. @throws {Error} in any other RPC: a bug. */
export function anonymousCallOf(context: HandlerContext): AnonymousCall {
  const call = context.values.get(ANONYMOUS_CALL);
  if (call === undefined) throw new Error(`${context.method.name} ran without admission`);
  return call;
}

/**
 * Give up waiting when the caller's deadline passes or the caller leaves. What was submitted is stored
 * all the same, or not: a caller who wants to know sends an idempotency key and asks again.
 */
export function untilAborted<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    // Not begun then: the caller may have been told to try again.
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener("abort", abort, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", abort));
  });
}

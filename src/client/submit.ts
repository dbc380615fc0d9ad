import { createClient, type Transport } from "@connectrpc/connect";
import {
  MetricsService,
  type SubmitRequest,
  type SubmitResponse,
} from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import type { Clock } from "../lib/clock.ts";
import { TimeoutError } from "./judge-failure.ts";

export interface SubmitOptions {
  readonly transport: Transport | Promise<Transport>;
  readonly apiKey: string | undefined;
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, "after">;
}

/**
 * Sends one request. Rejects with a TimeoutError when there is no answer in time, also when the transport
 * pays no heed to being aborted.
 */
export function createSubmit({ transport, apiKey, timeoutMs, clock }: SubmitOptions) {
  const client = Promise.resolve(transport).then((opened) => createClient(MetricsService, opened));
  // Its failure is every call's failure.
  client.catch(() => {});
  const headers: Readonly<Record<string, string>> = apiKey === undefined ? {} : { "x-api-key": apiKey };

  return async (request: SubmitRequest, signal: AbortSignal): Promise<SubmitResponse> => {
    const call = new AbortController();
    signal.addEventListener("abort", () => call.abort());
    let cancelTimer = (): void => {};
    const timeout = new Promise<never>((_resolve, reject) => {
      cancelTimer = clock.after(timeoutMs, () => {
        reject(new TimeoutError(`no answer within ${timeoutMs} ms`));
        call.abort();
      });
    });
    const answer = client.then(({ submit }) => submit(request, { headers, signal: call.signal }));
    try {
      return await Promise.race([answer, timeout]);
    } finally {
      cancelTimer();
    }
  };
}

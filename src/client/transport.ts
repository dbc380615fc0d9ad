import { createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import {
  MetricsService,
  type SubmitRequest,
  type SubmitResponse,
} from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import type { Clock } from "../lib/clock.ts";
import { TimeoutError } from "./classify-failure.ts";

/**
 * How requests reach the service: `connect` is the Connect protocol over fetch and works in Node and in
 * browsers; `grpc` is gRPC over HTTP/2 and needs Node.
 */
export type Protocol = "connect" | "grpc";

/**
 * A transport to the service at `url`. Opens no connection yet. That of gRPC rejects where
 * `@connectrpc/connect-node` cannot be loaded, as in a browser.
 */
export function openTransport(url: string, protocol: Protocol): Transport | Promise<Transport> {
  if (protocol === "grpc") return openGrpcTransport(url);
  return createConnectTransport({ baseUrl: url, useBinaryFormat: true });
}

async function openGrpcTransport(baseUrl: string): Promise<Transport> {
  // A name that bundlers cannot see: pages would be given node:http2 otherwise.
  const library = "@connectrpc/connect-node";
  const { createGrpcTransport } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ library)) as {
    readonly createGrpcTransport: (options: { readonly baseUrl: string }) => Transport;
  };
  return createGrpcTransport({ baseUrl });
}

export interface SubmitCallOptions {
  /** Awaited before the first call; a transport that cannot be opened fails every call. */
  readonly transport: Transport | Promise<Transport>;
  /** Sent as `x-api-key`; without one the service answers `unauthenticated`. */
  readonly apiKey: string | undefined;
  /** Deadline of one call, in milliseconds, from its beginning to its answer. */
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, "after">;
}

/**
 * The call that sends one Submit request. It rejects with a ConnectError, or with a TimeoutError at the
 * deadline, also when the transport does not react to being aborted. Aborting `signal` aborts the call.
 */
export function createSubmitCall({ transport, apiKey, timeoutMs, clock }: SubmitCallOptions) {
  const client = Promise.resolve(transport).then((opened) => createClient(MetricsService, opened));
  // Every call awaits it and fails with it; this only keeps Node from calling it unhandled before the first.
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

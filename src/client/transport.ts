import type { Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";

/** `connect` works wherever fetch does; `grpc` needs Node. */
export type Protocol = "connect" | "grpc";

/** A way to the service at `url`. */
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

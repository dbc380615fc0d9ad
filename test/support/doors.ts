/** Every door of the service, with a real client in front of it. */

import * as http2 from "node:http2";
import { createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { MetricsService } from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { type RequestHeaders, type RestAnswer, send } from "./http.ts";
import { type Outcome, readConnectError, readRestAnswer, readSubmitResponse } from "./outcomes.ts";
import { type TestSubmission, toMessage, toRestJson } from "./spellings.ts";

export type Protocol = "REST" | "Connect JSON" | "Connect binary" | "gRPC" | "gRPC-Web";

export interface Door {
  /** For example `gRPC-Web over HTTP/1.1`. */
  readonly name: string;
  readonly protocol: Protocol;
  readonly http: 1 | 2;
  /** Submit and read the answer, whatever it is. */
  readonly submit: (submission: TestSubmission, headers: RequestHeaders) => Promise<Outcome>;
  readonly close: () => void;
}

/** A door for RPCs of any service. */
export interface RpcDoor extends Door {
  readonly transport: Transport;
}

/** Sends one REST request. */
export type SendRest = (
  method: string,
  path: string,
  headers: RequestHeaders,
  body?: string | Uint8Array<ArrayBuffer>,
) => Promise<RestAnswer>;

export interface RestDoor extends Door {
  readonly send: SendRest;
}

/** REST over both versions of HTTP. The caller closes them, as with all doors. */
export function openRestDoors(url: string): readonly RestDoor[] {
  const http2 = openHttp2(url);
  return [
    restDoor(
      1,
      (method, path, ...rest) => send(method, url + path, ...rest),
      () => undefined,
    ),
    restDoor(2, http2.send, http2.close),
  ];
}

/** Every protocol with every version of HTTP that it goes with. */
export function openRpcDoors(url: string): readonly RpcDoor[] {
  return [
    rpcDoor("Connect JSON", 1, url),
    rpcDoor("Connect JSON", 2, url),
    rpcDoor("Connect binary", 1, url),
    rpcDoor("Connect binary", 2, url),
    rpcDoor("gRPC", 2, url),
    rpcDoor("gRPC-Web", 1, url),
    rpcDoor("gRPC-Web", 2, url),
  ];
}

export function openDoors(url: string): readonly Door[] {
  return [...openRestDoors(url), ...openRpcDoors(url)];
}

function nameOf(protocol: Protocol, http: 1 | 2): string {
  return `${protocol} over HTTP/${http === 1 ? "1.1" : "2"}`;
}

function restDoor(http: 1 | 2, send: SendRest, close: () => void): RestDoor {
  const submit: Door["submit"] = async (submission, headers) => {
    const sent = { "content-type": "application/json", ...headers };
    return readRestAnswer(await send("POST", "/metrics", sent, toRestJson(submission)));
  };
  return { name: nameOf("REST", http), protocol: "REST", http, submit, send, close };
}

function rpcDoor(protocol: Exclude<Protocol, "REST">, http: 1 | 2, baseUrl: string): RpcDoor {
  const sessionManager = new Http2SessionManager(baseUrl);
  const version =
    http === 1 ? { httpVersion: "1.1" as const } : { httpVersion: "2" as const, sessionManager };
  const transport = createTransport(protocol, { baseUrl, ...version });
  const client = createClient(MetricsService, transport);
  const submit: Door["submit"] = async (submission, headers) => {
    let received = new Headers();
    const onHeader = (responseHeaders: Headers) => {
      received = responseHeaders;
    };
    try {
      return readSubmitResponse(await client.submit(toMessage(submission), { headers, onHeader }), received);
    } catch (error) {
      return readConnectError(error);
    }
  };
  return {
    name: nameOf(protocol, http),
    protocol,
    http,
    submit,
    transport,
    close: () => sessionManager.abort(),
  };
}

type TransportOptions = Parameters<typeof createConnectTransport>[0];

function createTransport(protocol: Exclude<Protocol, "REST">, options: TransportOptions): Transport {
  switch (protocol) {
    case "Connect JSON":
      return createConnectTransport({ ...options, useBinaryFormat: false });
    case "Connect binary":
      return createConnectTransport({ ...options, useBinaryFormat: true });
    case "gRPC-Web":
      return createGrpcWebTransport(options);
    case "gRPC":
      return createGrpcTransport(options as Parameters<typeof createGrpcTransport>[0]);
  }
}

function openHttp2(url: string): { send: SendRest; close: () => void } {
  let session: http2.ClientHttp2Session | undefined;
  const send: SendRest = (method, path, headers, body) =>
    new Promise((resolve, reject) => {
      // The server ends a session that has been idle for long; as every client does, go on with a new one.
      if (session === undefined || session.closed || session.destroyed) session = http2.connect(url);
      const stream = session.request({ ":method": method, ":path": path, ...headers });
      const chunks: Buffer[] = [];
      let received: http2.IncomingHttpHeaders = {};
      stream.on("response", (responseHeaders) => {
        received = responseHeaders;
      });
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("error", reject);
      stream.on("end", () => {
        const entries = Object.entries(received).filter(([name]) => !name.startsWith(":"));
        resolve({
          status: Number(received[":status"]),
          headers: new Headers(entries.map(([name, value]): [string, string] => [name, String(value)])),
          text: Buffer.concat(chunks).toString(),
        });
      });
      stream.end(body);
    });
  return { send, close: () => session?.close() };
}

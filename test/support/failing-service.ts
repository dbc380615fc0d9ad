/** A service that fails in every way there is, on a real port, for the tests of the errors. */
import { create, toBinary } from "@bufbuild/protobuf";
import type { ConnectError, ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { Health } from "../../gen/grpc/health/v1/health_pb.js";
import { MetricsService, SubmitRequestSchema } from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { ServiceError } from "../../src/errors.ts";
import { completeErrors } from "../../src/transport/rpc/failures.ts";
import { callRaw, envelope, listenH2c, type MediaType, type RawAnswer, type RawCall } from "./raw-rpc.ts";

/** Every protocol and codec of a unary call. */
export const UNARY: readonly MediaType[] = [
  "application/json",
  "application/proto",
  "application/grpc",
  "application/grpc+json",
  "application/grpc-web+proto",
];

export const SUBMIT = "/mcp.metrics.v1.MetricsService/Submit";

/** Messages over this are refused. */
export const READ_BYTES_MAX = 1_000;

const request = { service: "gateway" };
export const binary = toBinary(SubmitRequestSchema, create(SubmitRequestSchema, request));
export const json = Buffer.from(JSON.stringify(request));
/** What Submit does, by the header `x-fault`; everything else is refused before it. */
const faults: Record<string, (signal: AbortSignal, text: string) => unknown> = {
  limited: () => new ServiceError("rate_limited", "slow down", { retryAfterSeconds: 6.2 }),
  invalid: () =>
    new ServiceError("validation_failed", "every metric is bad", {
      violations: [{ field: "metrics[0].value", reason: "out_of_range", message: "value out of range" }],
    }),
  surrogate: () => new ServiceError("not_found", `no such thing: "\ud800"`),
  verbose: () =>
    new ServiceError("validation_failed", "語".repeat(5_000), {
      violations: Array.from({ length: 500 }, (_, i) => ({
        field: `metrics[${i}].dimensions`,
        reason: "too_many",
        message: `too many dimensions ${"語".repeat(100)}`,
      })),
    }),
  text: (_signal, text) => new ServiceError("not_found", Buffer.from(text, "base64").toString()),
  bug: () => new TypeError("cannot read property password of undefined"),
  deadline: (signal) => signal.reason,
};

function routes(router: ConnectRouter): void {
  router.service(MetricsService, {
    submit(_request, context) {
      const fault = faults[context.requestHeader.get("x-fault") ?? ""];
      if (fault !== undefined) throw fault(context.signal, context.requestHeader.get("x-text") ?? "");
      // Not an integer: serialising it fails in Connect, after the implementation is done.
      return context.requestHeader.has("x-unserialisable") ? { accepted: 0.5 } : {};
    },
  });
  router.service(Health, {
    async *watch() {
      yield {};
      throw new ServiceError("shutting_down", "the server is shutting down");
    },
  });
}

/** Starts it. `failures` are those that were reported, in order. */
export async function startFailingService() {
  const failures: ConnectError[] = [];
  const server = await listenH2c(
    connectNodeAdapter({
      routes,
      readMaxBytes: READ_BYTES_MAX,
      requestGate(context) {
        completeErrors(context, (failure) => failures.push(failure));
        if (context.requestHeader.has("x-gate")) throw new ServiceError("api_key_invalid", "Invalid API key");
      },
    }),
  );
  const call = (raw: RawCall): Promise<RawAnswer> => callRaw(server.url, raw);
  return {
    server,
    failures,
    call,
    /** Calls Submit with a good message and these headers. */
    submit: (mediaType: MediaType, headers: Record<string, string>) =>
      call({ path: SUBMIT, mediaType, headers, body: goodBody(mediaType) }),
  };
}

/** `message` framed and encoded as the media type wants it. */
export function encoded(
  mediaType: MediaType,
  message: Uint8Array,
  compressed = false,
): Pick<RawCall, "body" | "headers"> {
  const isEnveloped = !/^application\/(json|proto)$/.test(mediaType);
  const name = mediaType.includes("grpc") ? "grpc-encoding" : "content-encoding";
  return {
    body: isEnveloped ? envelope(message, compressed ? 1 : 0) : message,
    headers: compressed ? { [name]: "gzip" } : {},
  };
}

/** A message that Submit takes. */
export function goodBody(mediaType: MediaType): Uint8Array {
  return encoded(mediaType, mediaType.includes("json") ? json : binary).body;
}

/**
 * From a failure to what a Connect, gRPC or gRPC-Web client receives.
 *
 * Every error leaves with google.rpc.ErrorInfo. Three things end a call badly: an expected
 * ServiceError, a bug, and Connect itself, which refuses what it cannot read before any interceptor
 * runs. The first two are translated (`toConnectError`), the third is completed (`completeErrors`).
 */
import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import { create, toBinary } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import { Code, ConnectError } from "@connectrpc/connect";
import { codeFromString, codeToString } from "@connectrpc/connect/protocol-connect";
import {
  BadRequest_FieldViolationSchema,
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../../../gen/google/rpc/error_details_pb.js";
import { FAILURES, type FailureReason, ServiceError, type Violation } from "../../errors.ts";
import { encodeGrpcMessage } from "./grpc-message.ts";

/** The `domain` of every ErrorInfo. */
const ERROR_DOMAIN = "mcp.metrics";

/**
 * A gRPC client receives an error in HTTP/2 trailers, message and details both escaped, and grpc-core
 * starts to refuse trailers at 8 KiB: an error that says more would arrive as RESOURCE_EXHAUSTED. With
 * these two limits the worst case stays below.
 */
const TEXT_LENGTH_MAX = 256;
const VIOLATIONS_BYTES_MAX = 2500;

/** A detail of an error, as Connect takes it. */
interface Detail {
  /** The message's descriptor. */
  readonly desc: DescMessage;
  /** The message, as Connect packs it into an Any. */
  readonly value: MessageInitShape<DescMessage>;
}

/**
 * What to throw to Connect for anything that was thrown. A ServiceError keeps its message; of an
 * unknown failure the caller learns nothing, and `cause` holds it for our log. A ConnectError is completed and
 * returned as it is. A caller who hung up becomes `canceled`.
 */
export function toConnectError(failure: unknown): ConnectError {
  if (failure instanceof ServiceError) return fromServiceError(failure);
  if (failure instanceof ConnectError) {
    completeConnectError(failure);
    return failure;
  }
  if (isHangUp(failure) || isAbort(failure)) {
    return withInfo("canceled", "the caller is gone", Code.Canceled, failure);
  }
  return fromServiceError(
    isBadBase64(failure)
      ? new ServiceError("malformed_body", "message is not valid base64", { cause: failure })
      : new ServiceError("internal", "internal error", { cause: failure }),
  );
}

/**
 * Makes an error that Connect raised obey the failure table, in place: code, text and details. Does
 * nothing to an error that carries ErrorInfo already.
 */
export function completeConnectError(error: ConnectError): void {
  if (error.findDetails(ErrorInfoSchema).length > 0) return;
  const complete = fromConnect(error);
  complete.details.push(...error.details);
  for (const [name, value] of error.metadata) complete.metadata.set(name, value);
  // Where the text changes, the log would otherwise lose what had happened.
  error.cause ??= error.rawMessage;
  error.message = complete.message;
  become(error, complete);
}

/**
 * Completes every error of this call just before it is serialised. To be called in the router's
 * `requestGate`, which runs on the headers, so that what Connect says about the body is covered.
 *
 * `onFailure` is called with the error that ends the call, once, after it was completed; its `cause` is for
 * the log.
 *
 * Connect 2.2.0 has no hook for the errors it raises itself, but all three protocols pass the error
 * object to the context's `abort` and serialise it afterwards. Listening to `context.signal` instead
 * would miss an error that follows an expired deadline or a finished response: a signal aborts once.
 */
export function completeErrors(context: HandlerContext, onFailure?: (failure: ConnectError) => void): void {
  if (!("abort" in context) || typeof context.abort !== "function") {
    throw new Error("the handler context has no abort: errors would leave without ErrorInfo");
  }
  encodeGrpcMessage(context.responseTrailer);
  const abort: (reason?: unknown) => void = context.abort.bind(context);
  let isReported = false;
  const completeThenAbort = (reason?: unknown): void => {
    // Connect also calls this without a reason, when a call has ended well.
    if (reason !== undefined) {
      const failure = toConnectError(reason);
      // A hang-up has no reader, and connect-node keeps quiet about it only while it can recognise it.
      if (reason instanceof Error && reason !== failure && !isHangUp(reason)) become(reason, failure);
      if (!isReported) onFailure?.(failure);
      isReported = true;
    }
    abort(reason);
  };
  Object.assign(context, { abort: completeThenAbort });
}

/** With ErrorInfo, RetryInfo where a retry may succeed, and BadRequest for broken rules. */
function fromServiceError(failure: ServiceError): ConnectError {
  const { code } = FAILURES[failure.reason];
  const { shown, omitted } = boundViolations(failure.violations);
  const metadata = omitted > 0 ? { violations_omitted: String(omitted) } : undefined;
  const error = withInfo(failure.reason, failure.message, codeFromString(code), failure.cause, metadata);
  if (failure.retryAfterSeconds !== undefined) {
    const seconds = Math.max(1, Math.ceil(failure.retryAfterSeconds));
    error.details.push(detail(RetryInfoSchema, { retryDelay: { seconds: BigInt(seconds) } }));
    error.metadata.set("retry-after", String(seconds));
  }
  if (shown.length > 0) error.details.push(detail(BadRequestSchema, { fieldViolations: shown }));
  return error;
}

/** The texts are those of connect and connect-node 2.2.0; a test provokes each over a real port. */
function fromConnect({ code, rawMessage }: ConnectError): ConnectError {
  const byteLimit = /readMaxBytes (\d+)/.exec(rawMessage)?.[1];
  if (byteLimit !== undefined) return failed("body_too_large", `body is larger than ${byteLimit} bytes`);
  if (rawMessage.startsWith("parse binary")) return failed("malformed_body", "body is not valid protobuf");
  if (rawMessage.startsWith("unknown compression")) return failed("unsupported_encoding", rawMessage);
  // An unknown RPC, or one that takes a single message and got none or several (gRPC's own rule).
  if (code === Code.Unimplemented) return failed("unimplemented", rawMessage);
  // These come as internal or invalid_argument; all are the client's doing.
  if (/^(protocol error|decompression failed|received compressed|unexpected end flag)/.test(rawMessage)) {
    return failed("malformed_body", rawMessage);
  }
  switch (code) {
    case Code.InvalidArgument:
      return failed("malformed_body", rawMessage);
    case Code.NotFound:
      return failed("not_found", rawMessage);
    case Code.DeadlineExceeded:
      return failed("deadline_exceeded", "the deadline has passed");
    case Code.Internal:
    case Code.Unknown:
    case Code.DataLoss:
      return failed("internal", "internal error");
    case Code.ResourceExhausted:
      // The one case left is a response over writeMaxBytes, which is not the caller's doing.
      return failed("internal", "internal error");
    default:
      return withInfo(codeToString(code), rawMessage, code);
  }
}

/** What Connect raised, as one of our own reasons. */
function failed(reason: FailureReason, message: string): ConnectError {
  return fromServiceError(new ServiceError(reason, message));
}

/** An error with its reason in ErrorInfo. */
function withInfo(
  reason: string,
  message: string,
  code: Code | undefined,
  cause?: unknown,
  metadata: Record<string, string> = {},
): ConnectError {
  const info = detail(ErrorInfoSchema, { reason, domain: ERROR_DOMAIN, metadata });
  return new ConnectError(boundText(message), code ?? Code.Internal, undefined, [info], cause);
}

/** A detail in the form that Connect packs. */
function detail<D extends typeof ErrorInfoSchema | typeof RetryInfoSchema | typeof BadRequestSchema>(
  desc: D,
  value: MessageInitShape<D>,
): Detail {
  return { desc, value };
}

/** As many violations as fit into trailers, and how many did not. */
function boundViolations(violations: readonly Violation[]) {
  let bytes = 0;
  const all = violations.map(({ field, reason, message }) =>
    create(BadRequest_FieldViolationSchema, {
      field: boundText(field),
      description: boundText(message),
      reason,
    }),
  );
  const shown = all.filter((violation) => {
    bytes += toBinary(BadRequest_FieldViolationSchema, violation).byteLength;
    return bytes <= VIOLATIONS_BYTES_MAX;
  });
  return { shown, omitted: all.length - shown.length };
}

/** Well-formed, because half a surrogate pair makes Connect's percent-encoding of a message throw. */
function boundText(text: string): string {
  const bounded = text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX - 1)}…` : text;
  return bounded.toWellFormed();
}

/**
 * Gives `target` everything Connect serialises. Also for a plain Error, which Connect then takes for
 * one of its own, because its `instanceof` goes by these fields; message, stack and cause of the target
 * stay for the log.
 */
function become(target: Error, { name, code, rawMessage, metadata, details }: ConnectError): void {
  const { cause } = target;
  for (const [key, value] of Object.entries({ name, code, rawMessage, metadata, details, cause })) {
    Reflect.defineProperty(target, key, { value, writable: true, configurable: true });
  }
}

/** An invalid `message` parameter of a Connect GET; protobuf-es 2.17.0 throws it as a bare Error. */
function isBadBase64(failure: unknown): boolean {
  return failure instanceof Error && failure.message === "invalid base64 string";
}

/** What Node.js says when a caller hangs up: not a bug of ours, and nobody reads the answer. */
const HANG_UP_CODES = new Set([
  "ECONNRESET",
  "EPIPE",
  "ERR_HTTP2_INVALID_STREAM",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_PREMATURE_CLOSE",
  "ERR_STREAM_WRITE_AFTER_END",
]);

/** Whether node failed because the connection has gone. */
function isHangUp(failure: unknown): boolean {
  return (
    failure instanceof Error &&
    "code" in failure &&
    typeof failure.code === "string" &&
    HANG_UP_CODES.has(failure.code)
  );
}

/** The reason of an AbortSignal that was aborted without one, as Connect does when a caller leaves. */
function isAbort(failure: unknown): boolean {
  return failure instanceof DOMException && failure.name === "AbortError";
}

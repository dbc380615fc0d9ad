import type { Admit } from "../../access/admission.ts";
import type { AdmitAnonymous, Admitted } from "../../access/anonymous-access.ts";
import type { InFlight } from "../../access/in-flight.ts";
import { bodyBytesMaxOf, type OperationRule } from "../../api/rules.ts";
import { ServiceError } from "../../errors.ts";
import type { ClientAddress } from "../http/client-address.ts";
import { credentialsOf } from "../http/credentials.ts";
import { type Exchange, headerOf, rateLimitHeaders, takePlace } from "../http/exchange.ts";
import type { SessionIn } from "../http/session-cookie.ts";
import { bytesOfBase64, isGrpcWebText } from "./grpc-web-text.ts";

/** What the callers of RPCs are admitted by. */
export interface AdmitCallOptions {
  /** For RPCs that ask for a key. */
  readonly admit: Admit;
  /** For RPCs that take callers without a key too. */
  readonly admitAnonymous: AdmitAnonymous;
  /** Who is signed in, where that is enough. */
  readonly sessionIn: SessionIn;
  /** Whose failed authentications are counted, and whose network a call without a key comes from. */
  readonly clientAddress: ClientAddress;
  /** Bounds what is in flight with a body. */
  readonly inFlight: InFlight;
  /** Largest message of a caller with a key, in bytes. */
  readonly bodyBytesMax: number;
}

/**
 * Admit an RPC on its headers, before any of its body is read. Notes in the exchange whose call it is, what
 * the answer says of the key's bucket, and its place among the calls in flight.
 *
 * @throws {ServiceError}
 */
export type AdmitCall = (exchange: Exchange, rule: Exclude<OperationRule, "open">) => Admitted;

/** What gRPC and gRPC-Web put before a message. */
export const ENVELOPE_HEAD_BYTES = 5;

export function createAdmitCall(options: AdmitCallOptions): AdmitCall {
  const { admit, admitAnonymous, sessionIn, clientAddress, inFlight, bodyBytesMax } = options;
  return (exchange, rule) => {
    const { request } = exchange;
    exchange.takesMetrics = "takesMetrics" in rule && rule.takesMetrics === true;
    const credentials = credentialsOf(request, clientAddress, sessionIn);
    const outcome =
      "ifKey" in rule ? admitAnonymous(credentials, rule, exchange) : admit(credentials, rule, exchange);
    exchange.apiKeyId = outcome.apiKeyId;
    exchange.principal = outcome.principal;
    Object.assign(exchange.headers, rateLimitHeaders(outcome.bucket));
    if (outcome.failure !== undefined) throw outcome.failure;
    const bytes = Number(headerOf(request, "content-length") ?? 0);
    const isText = isGrpcWebText(headerOf(request, "content-type"));
    rejectLargeBody(isText ? bytesOfBase64(bytes) : bytes, bodyBytesMaxOf(rule, bodyBytesMax));
    const network = "anonymousCall" in outcome ? outcome.anonymousCall?.network : undefined;
    takePlace(exchange, inFlight, outcome.principal ?? network);
    // One without a length is counted while it is read.
    exchange.bodyBytes = bytes;
    exchange.place?.add(bytes);
    return outcome as Admitted;
  };
}

/**
 * A body that is announced as too large is not asked for. Connect looks at the length of its own
 * protocol's bodies only; of gRPC's and gRPC-Web's it would read the first bytes.
 */
function rejectLargeBody(bytes: number, bodyBytesMax: number): void {
  if (bytes <= bodyBytesMax + ENVELOPE_HEAD_BYTES) return;
  throw new ServiceError("body_too_large", `body is larger than ${bodyBytesMax} bytes`);
}

import type { Admission, Admit } from "../../access/admission.ts";
import type { AdmitAnonymous, AnonymousAdmission } from "../../access/anonymous-access.ts";
import type { InFlight } from "../../access/in-flight.ts";
import { ANONYMOUS_BODY_BYTES_MAX } from "../../api/rules.ts";
import { ServiceError } from "../../errors.ts";
import { readBody } from "../http/body.ts";
import type { ClientAddress } from "../http/client-address.ts";
import { credentialsOf } from "../http/credentials.ts";
import { type Exchange, headerOf, rateLimitHeaders, takePlace } from "../http/exchange.ts";
import { parseJson } from "../http/parse-json.ts";
import type { SessionIn } from "../http/session-cookie.ts";
import { sendAnswer, sendStream } from "./answer.ts";
import type { RestAnswer, RestRoute, RestService, RestStream } from "./route.ts";

/** What routes are run with. */
export interface RestHandlerOptions {
  /** For routes that ask for a key. */
  readonly admit: Admit;
  /** For routes that take callers without a key too. */
  readonly admitAnonymous: AdmitAnonymous;
  /** Who is signed in, where that is enough. */
  readonly sessionIn: SessionIn;
  /** Whose failed authentications are counted, and whose network a call without a key comes from. */
  readonly clientAddress: ClientAddress;
  /** Bounds what is in flight with a body. */
  readonly inFlight: InFlight;
  /** Largest body of a caller with a key, in bytes after decompression. */
  readonly bodyBytesMax: number;
  /** What routes answer from. */
  readonly service: RestService;
}

/**
 * Answers one REST request. What it throws is the request's failure, which the router answers as it answers
 * a path that is none.
 */
export type HandleRest = (route: RestRoute, exchange: Exchange) => Promise<void>;

/** Run REST requests: key, token, body, answer, in this order. */
export function createRestHandler(options: RestHandlerOptions): HandleRest {
  return async (route, exchange) => {
    const answer = await run(route, exchange, options);
    if ("chunks" in answer) await sendStream(exchange, answer);
    else sendAnswer(exchange, answer);
  };
}

/** The answer of a route. Nothing of the body is read before the caller is admitted. */
async function run(
  route: RestRoute,
  exchange: Exchange,
  { admit, admitAnonymous, sessionIn, clientAddress, inFlight, bodyBytesMax, service }: RestHandlerOptions,
): Promise<RestAnswer | RestStream> {
  if (route.rule === "open") {
    const body = await readAs(route, exchange, ANONYMOUS_BODY_BYTES_MAX);
    return route.answer({ exchange, body }, service);
  }
  const credentials = credentialsOf(exchange.request, clientAddress, sessionIn);
  if (takesNoKey(route)) {
    const { anonymousCall: call } = admitted(admitAnonymous(credentials, route.rule, exchange), exchange);
    if (route.reads !== "nothing") takePlace(exchange, inFlight, call.principal ?? call.network);
    const body = await readAs(route, exchange, ANONYMOUS_BODY_BYTES_MAX);
    return route.answer({ exchange, call, body }, service);
  }
  exchange.takesMetrics = route.rule.takesMetrics === true;
  const { call, bucket } = admitted(admit(credentials, route.rule, exchange), exchange);
  if (route.reads !== "nothing") takePlace(exchange, inFlight, call.principal);
  const body = await readAs(route, exchange, bodyBytesMax);
  return route.answer({ exchange, call, bucket, body }, service);
}

/** A route that asks nothing of its callers. */
type OpenRoute = Extract<RestRoute, { readonly rule: "open" }>;
/** A route that takes a key if there is one. */
type AnonymousRoute = Extract<RestRoute, { readonly rule: { readonly ifKey: unknown } }>;

/** Whether a route is called without a key too. */
function takesNoKey(route: Exclude<RestRoute, OpenRoute>): route is AnonymousRoute {
  return "ifKey" in route.rule;
}

/** Note whose request it is and how the key's bucket stands, and go on unless it is rejected. */
function admitted<Outcome extends Admission | AnonymousAdmission>(
  outcome: Outcome,
  exchange: Exchange,
): Exclude<Outcome, { failure: ServiceError }> {
  const { bucket, failure, apiKeyId, principal } = outcome;
  Object.assign(exchange, { apiKeyId, principal });
  Object.assign(exchange.headers, rateLimitHeaders(bucket));
  if (failure !== undefined) throw failure;
  return outcome as Exclude<Outcome, { failure: ServiceError }>;
}

/** The body as a route takes it. @throws {ServiceError} as `readBody`, `unsupported_media_type` */
async function readAs({ reads }: RestRoute, exchange: Exchange, bytesMax: number): Promise<unknown> {
  if (reads === "nothing") return undefined;
  const contentType = headerOf(exchange.request, "content-type");
  if (reads !== "bytes" && contentType !== "application/json" && !isJson(contentType))
    throw new ServiceError("unsupported_media_type", "Content-Type must be application/json");
  const body = await readBody(exchange, bytesMax);
  if (reads === "bytes") return body;
  return reads === "json if present" && body.length === 0 ? undefined : parseJson(body);
}

/** Also `application/problem+json` and its like, and a body whose type nobody has said. */
function isJson(contentType: string | undefined): boolean {
  return contentType === undefined || /^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i.test(contentType);
}

import type { Admission, AdmissionRule, Admit } from "../../access/admission.ts";
import type { Call, RequestIdentity, Visit } from "../../access/call.ts";
import type { BucketState } from "../../access/token-bucket.ts";
import type { AdmitVisit, VisitAdmission, VisitRule } from "../../access/visits.ts";
import { ANONYMOUS_BODY_BYTES_MAX } from "../../api/rules.ts";
import { ServiceError } from "../../errors.ts";
import { type RestAnswer, sendAnswer } from "./answer.ts";
import { ClientGoneError, readBody } from "./body.ts";
import type { ClientAddress } from "./client-address.ts";
import { type Exchange, headerOf, setRateLimitHeaders } from "./exchange.ts";
import { failureAnswer } from "./failure-bodies.ts";
import { parseJson } from "./json.ts";
import type { RouteDocument } from "./route-document.ts";
import { type RestStream, sendStream } from "./stream-answer.ts";

/** What a route's function gets, whoever calls. */
export interface RestRequest extends RequestIdentity {
  /** The JSON body, or its bytes, as the route reads it; undefined where it reads none or none came. */
  readonly body: unknown;
  readonly query: () => URLSearchParams;
  /** What stands in the place of the path's parameter; empty where there is none. */
  readonly pathParameter: string;
  readonly header: (name: string) => string | undefined;
}

/** … where a key was asked for. */
export interface RestCall extends RestRequest, Call {
  readonly bucket: BucketState;
}

/** … where anybody may call, with a key or without. */
export interface RestVisit extends RestRequest, Visit {}

/** How a route takes its body. Bytes come decompressed, of any media type. */
type BodyForm = "nothing" | "json" | "json if present" | "bytes";

/** A route that anybody may call, one that asks for a key, or one that takes a key if there is one. */
export type RestRoute =
  | {
      readonly rule: "open";
      readonly reads: BodyForm;
      /** What /openapi.json says of it. */
      readonly document: RouteDocument | "file of a page";
      readonly answer: (request: RestRequest) => RestAnswer | Promise<RestAnswer>;
    }
  | {
      readonly rule: AdmissionRule;
      readonly reads: BodyForm;
      readonly document: RouteDocument;
      readonly answer: (call: RestCall) => RestAnswer | RestStream | Promise<RestAnswer>;
    }
  | {
      readonly rule: VisitRule;
      readonly reads: BodyForm;
      readonly document: RouteDocument;
      readonly answer: (visit: RestVisit) => RestAnswer | Promise<RestAnswer>;
    };

/** The routes of one path, by method. */
export type RestMethods = Readonly<Record<string, RestRoute>>;

export interface RestHandlerOptions {
  readonly admit: Admit;
  readonly admitVisit: AdmitVisit;
  readonly clientAddress: ClientAddress;
  readonly bodyBytesMax: number;
  readonly onUnexpected: (exchange: Exchange, error: unknown) => void;
}

export type HandleRest = (route: RestRoute, exchange: Exchange) => Promise<void>;

/** Run one REST request: key, token, body, answer, in this order. Never rejects. */
export function createRestHandler(options: RestHandlerOptions): HandleRest {
  const { admit, admitVisit, clientAddress, bodyBytesMax, onUnexpected } = options;

  async function run(route: RestRoute, exchange: Exchange): Promise<RestAnswer | RestStream> {
    const { requestNumber, requestId, request, pathParameter } = exchange;
    const header = (name: string) => headerOf(request, name);
    const query = () => new URL(request.url ?? "", "http://localhost").searchParams;
    const common = { requestNumber, requestId, header, query, pathParameter };
    const credentials = {
      apiKey: header("x-api-key"),
      authorization: header("authorization"),
      address: () => clientAddress(request),
    };
    const read = (bytesMax: number) => readAs(route.reads, exchange, bytesMax);
    if (route.rule === "open") return route.answer({ ...common, body: await read(ANONYMOUS_BODY_BYTES_MAX) });
    if (takesVisits(route)) {
      const { visit } = admitted(admitVisit(credentials, route.rule, exchange), exchange);
      return route.answer({ ...common, ...visit, body: await read(ANONYMOUS_BODY_BYTES_MAX) });
    }
    const { call, bucket } = admitted(admit(credentials, route.rule, exchange), exchange);
    return route.answer({ ...common, ...call, bucket, body: await read(bodyBytesMax) });
  }

  return async (route, exchange) => {
    try {
      const answer = await run(route, exchange);
      if ("chunks" in answer) await sendStream(exchange, answer);
      else sendAnswer(exchange, answer);
    } catch (error) {
      if (error instanceof ClientGoneError) return;
      if (!(error instanceof ServiceError)) onUnexpected(exchange, error);
      // A stream that fails in its middle.
      if (exchange.response.headersSent) exchange.response.destroy();
      else sendFailure(exchange, error);
    }
  };
}

function takesVisits(
  route: Exclude<RestRoute, { rule: "open" }>,
): route is Extract<RestRoute, { rule: VisitRule }> {
  return "ifKey" in route.rule;
}

/** Note whose request it is and how the key's bucket stands, and go on unless it is refused. */
function admitted<Outcome extends Admission | VisitAdmission>(
  outcome: Outcome,
  exchange: Exchange,
): Exclude<Outcome, { failure: ServiceError }> {
  const { bucket, failure, apiKeyId } = outcome;
  exchange.apiKeyId = apiKeyId;
  setRateLimitHeaders(bucket, (name, value) => {
    exchange.headers[name] = value;
  });
  if (failure !== undefined) throw failure;
  return outcome as Exclude<Outcome, { failure: ServiceError }>;
}

/** Answer a failure. An unexpected error tells the caller nothing but that it happened. */
export function sendFailure(exchange: Exchange, error: unknown): void {
  const failure =
    error instanceof ServiceError ? error : new ServiceError("internal", "Internal server error");
  exchange.failure = failure.reason;
  const { path, requestId, request } = exchange;
  const asked = { path, requestId, contentType: headerOf(request, "content-type") };
  sendAnswer(exchange, failureAnswer(failure, asked));
}

async function readAs(form: BodyForm, exchange: Exchange, bytesMax: number): Promise<unknown> {
  if (form === "nothing") return undefined;
  if (form !== "bytes") refuseOtherThanJson(exchange);
  const body = await readBody(exchange, bytesMax);
  if (form === "bytes") return body;
  return form === "json if present" && body.length === 0 ? undefined : parseJson(body);
}

function refuseOtherThanJson({ request }: Exchange): void {
  const type = headerOf(request, "content-type");
  if (type === undefined || /^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i.test(type)) return;
  throw new ServiceError("unsupported_media_type", "Content-Type must be application/json");
}

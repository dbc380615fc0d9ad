import type { AdmissionRule, Admit } from "../../access/admission.ts";
import type { Call, RequestIdentity } from "../../access/call.ts";
import type { BucketState } from "../../access/token-bucket.ts";
import { ServiceError } from "../../errors.ts";
import type { ClientAddress } from "../client-address.ts";
import { type Exchange, headerOf, setRateLimitHeaders } from "../exchange.ts";
import type { RouteDocument } from "../openapi/route-document.ts";
import { type RestAnswer, sendAnswer } from "./answer.ts";
import { ClientGoneError, readBody } from "./body.ts";
import { failureAnswer } from "./failure-bodies.ts";
import { parseJson } from "./json.ts";
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

/** How a route takes its body. Bytes come decompressed, of any media type. */
type BodyForm = "nothing" | "json" | "json if present" | "bytes";

/** A route that anybody may call, or one that asks for a key. */
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
    };

/** The routes of one path, by method. */
export type RestMethods = Readonly<Record<string, RestRoute>>;

export interface RestHandlerOptions {
  readonly admit: Admit;
  readonly clientAddress: ClientAddress;
  readonly bodyBytesMax: number;
  readonly onUnexpected: (exchange: Exchange, error: unknown) => void;
}

export type HandleRest = (route: RestRoute, exchange: Exchange) => Promise<void>;

/** Run one REST request: key, token, body, answer, in this order. Never rejects. */
export function createRestHandler(options: RestHandlerOptions): HandleRest {
  const { admit, clientAddress, bodyBytesMax, onUnexpected } = options;

  async function run(route: RestRoute, exchange: Exchange): Promise<RestAnswer | RestStream> {
    const { requestNumber, requestId, request, pathParameter } = exchange;
    const header = (name: string) => headerOf(request, name);
    const query = () => new URL(request.url ?? "", "http://localhost").searchParams;
    const common = { requestNumber, requestId, header, query, pathParameter };
    if (route.rule === "open") {
      return route.answer({ ...common, body: await readAs(route.reads, exchange, bodyBytesMax) });
    }
    const credentials = {
      apiKey: header("x-api-key"),
      authorization: header("authorization"),
      address: () => clientAddress(request),
    };
    const { call, bucket, failure, apiKeyId } = admit(credentials, route.rule, exchange);
    exchange.apiKeyId = apiKeyId;
    setRateLimitHeaders(bucket, (name, value) => {
      exchange.headers[name] = value;
    });
    if (failure !== undefined) throw failure;
    const body = await readAs(route.reads, exchange, bodyBytesMax);
    return route.answer({ ...common, ...call, bucket, body });
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

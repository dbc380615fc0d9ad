import type { AdmissionRule, Admit } from "../../access/admission.ts";
import type { Call } from "../../access/call.ts";
import type { BucketState } from "../../access/token-bucket.ts";
import { ServiceError } from "../../errors.ts";
import { type Exchange, headerOf, setRateLimitHeaders } from "../exchange.ts";
import { failureAnswer, type RestAnswer, sendAnswer } from "./answer.ts";
import { ClientGoneError, readBody } from "./body.ts";
import { parseJson } from "./json.ts";

/** What a route's function gets. */
export interface RestCall extends Call {
  readonly bucket: BucketState;
  /** The JSON body; undefined for a route without one. */
  readonly body: unknown;
  readonly header: (name: string) => string | undefined;
}

/** A route that anybody may call, or one that asks for a key and perhaps reads a JSON body. */
export type RestRoute =
  | { readonly rule?: undefined; readonly answer: () => RestAnswer | Promise<RestAnswer> }
  | {
      readonly rule: AdmissionRule;
      readonly readsJson: boolean;
      readonly answer: (call: RestCall) => RestAnswer | Promise<RestAnswer>;
    };

export interface RestHandlerOptions {
  readonly admit: Admit;
  readonly bodyBytesMax: number;
  readonly onUnexpected: (exchange: Exchange, error: unknown) => void;
}

export type HandleRest = (route: RestRoute, exchange: Exchange) => Promise<void>;

/** Run one REST request: key, token, body, answer, in this order. Never rejects. */
export function createRestHandler({ admit, bodyBytesMax, onUnexpected }: RestHandlerOptions): HandleRest {
  async function run(route: RestRoute, exchange: Exchange): Promise<RestAnswer> {
    if (route.rule === undefined) return route.answer();
    const { request } = exchange;
    const header = (name: string) => headerOf(request, name);
    const credentials = { apiKey: header("x-api-key"), authorization: header("authorization") };
    const { call, bucket, failure } = admit(credentials, route.rule, exchange);
    setRateLimitHeaders(bucket, (name, value) => {
      exchange.headers[name] = value;
    });
    if (failure !== undefined) throw failure;
    const body = route.readsJson ? await readJson(exchange, bodyBytesMax) : undefined;
    return route.answer({ ...call, bucket, body, header });
  }

  return async (route, exchange) => {
    try {
      sendAnswer(exchange, await run(route, exchange));
    } catch (error) {
      if (error instanceof ClientGoneError) return;
      if (!(error instanceof ServiceError)) onUnexpected(exchange, error);
      sendFailure(exchange, error);
    }
  };
}

/** Answer a failure. An unexpected error tells the caller nothing but that it happened. */
export function sendFailure(exchange: Exchange, error: unknown): void {
  const failure =
    error instanceof ServiceError ? error : new ServiceError("internal", "Internal server error");
  exchange.failure = failure.reason;
  sendAnswer(exchange, failureAnswer(failure, exchange.requestId));
}

async function readJson({ request }: Exchange, bytesMax: number): Promise<unknown> {
  const type = headerOf(request, "content-type");
  if (type !== undefined && !/^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i.test(type)) {
    throw new ServiceError("unsupported_media_type", "Content-Type must be application/json");
  }
  return parseJson(await readBody(request, bytesMax));
}

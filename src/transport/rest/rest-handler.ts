import type { AdmissionRule, Admit } from "../../access/admission.ts";
import type { Call } from "../../access/call.ts";
import type { BucketState } from "../../access/token-bucket.ts";
import { ServiceError } from "../../errors.ts";
import { type Exchange, headerOf, setRateLimitHeaders } from "../exchange.ts";
import { failureAnswer, type RestAnswer, sendAnswer } from "./answer.ts";
import { ClientGoneError, readBody } from "./body.ts";
import { parseJson } from "./json.ts";
import { type RestStream, sendStream } from "./stream-answer.ts";

/** What a route's function gets. */
export interface RestCall extends Call {
  readonly bucket: BucketState;
  /** The JSON body; undefined for a route without one, and where it may be left out and is. */
  readonly body: unknown;
  readonly query: () => URLSearchParams;
  /** What stands in the place of the path's parameter; empty where there is none. */
  readonly pathParameter: string;
  readonly header: (name: string) => string | undefined;
}

/** A route that anybody may call, or one that asks for a key and perhaps reads a JSON body. */
export type RestRoute =
  | { readonly rule?: undefined; readonly answer: () => RestAnswer | Promise<RestAnswer> }
  | {
      readonly rule: AdmissionRule;
      readonly readsJson: boolean | "if present";
      readonly answer: (call: RestCall) => RestAnswer | RestStream | Promise<RestAnswer>;
    };

export interface RestHandlerOptions {
  readonly admit: Admit;
  readonly bodyBytesMax: number;
  readonly onUnexpected: (exchange: Exchange, error: unknown) => void;
}

export type HandleRest = (route: RestRoute, exchange: Exchange) => Promise<void>;

/** Run one REST request: key, token, body, answer, in this order. Never rejects. */
export function createRestHandler({ admit, bodyBytesMax, onUnexpected }: RestHandlerOptions): HandleRest {
  async function run(route: RestRoute, exchange: Exchange): Promise<RestAnswer | RestStream> {
    if (route.rule === undefined) return route.answer();
    const { request } = exchange;
    const header = (name: string) => headerOf(request, name);
    const credentials = { apiKey: header("x-api-key"), authorization: header("authorization") };
    const { call, bucket, failure, apiKeyId } = admit(credentials, route.rule, exchange);
    exchange.apiKeyId = apiKeyId;
    setRateLimitHeaders(bucket, (name, value) => {
      exchange.headers[name] = value;
    });
    if (failure !== undefined) throw failure;
    const body =
      route.readsJson === false
        ? undefined
        : await readJson(exchange, bodyBytesMax, route.readsJson === "if present");
    const query = () => new URL(request.url ?? "", "http://localhost").searchParams;
    return route.answer({ ...call, bucket, body, header, query, pathParameter: exchange.pathParameter });
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
  sendAnswer(exchange, failureAnswer(failure, exchange.requestId));
}

async function readJson(exchange: Exchange, bytesMax: number, mayBeAbsent: boolean): Promise<unknown> {
  const type = headerOf(exchange.request, "content-type");
  if (type !== undefined && !/^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i.test(type)) {
    throw new ServiceError("unsupported_media_type", "Content-Type must be application/json");
  }
  const body = await readBody(exchange, bytesMax);
  return mayBeAbsent && body.length === 0 ? undefined : parseJson(body);
}

import type { AdmissionRule } from "../../access/admission.ts";
import type { Call, Visit } from "../../access/call.ts";
import type { BucketState } from "../../access/token-bucket.ts";
import type { VisitRule } from "../../access/visits.ts";
import type { Operations } from "../../api/operations.ts";
import type { Exchange } from "../http/exchange.ts";

/** What the function of a route is given, whoever calls. */
export interface RestRequest {
  readonly exchange: Exchange;
  /** The JSON body, or its bytes, as the route reads it; undefined where it reads none or none came. */
  readonly body: unknown;
}

/** … of a route that asks for a key. */
export interface KeyedRequest extends RestRequest {
  readonly call: Call;
  /** The bucket of the key, after this call has taken its token. */
  readonly bucket: BucketState;
}

/** … of a route that is called with a key or without one. */
export interface AnonymousRequest extends RestRequest {
  readonly call: Visit;
}

/** What routes answer from. */
export interface RestService {
  readonly operations: Operations;
  /** Of the service, such as `1.0.0`. */
  readonly version: string;
  /** ms since 1970 UTC. */
  readonly wallMs: () => number;
  /** Aborts when the service begins to stop: answers that take long end with it. */
  readonly shutdownSignal: AbortSignal;
}

/** What a REST route answers. Bytes are sent as they are, any other object as JSON. */
export interface RestAnswer {
  readonly status: number;
  readonly body: object | string | Uint8Array;
  /** In lower case. `content-type` is `application/json` where nothing else is said. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A REST answer whose body is made while it is sent. */
export interface RestStream {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly chunks: AsyncGenerator<string, void>;
}

/**
 * How a route takes its body. `nothing`: it stays unread. `json`: one value, whatever it is; `json if
 * present`: none is undefined. `bytes`: decompressed, of any media type.
 */
export type BodyForm = "nothing" | "json" | "json if present" | "bytes";

interface Route<Rule, Request> {
  /** Who may call, from the rule table; it decides how large a body is read, and what `answer` is given. */
  readonly rule: Rule;
  readonly reads: BodyForm;
  /** @throws {ServiceError} what the caller may know; anything else is answered with 500 and logged. */
  readonly answer: (
    request: Request,
    service: RestService,
  ) => RestAnswer | RestStream | Promise<RestAnswer | RestStream>;
}

/** A route, by what its rule asks of callers. */
export type RestRoute =
  | Route<"open", RestRequest>
  | Route<AdmissionRule, KeyedRequest>
  | Route<VisitRule, AnonymousRequest>;

/** Method and path, whose template may have one parameter: `GET /servers/{id}/metrics`. */
export type RouteName = `${"GET" | "POST" | "PUT"} /${string}`;

/** Routes by their names. What each is documented with stands in the `documents.ts` beside it. */
export type RestRoutes = Readonly<Record<RouteName, RestRoute>>;

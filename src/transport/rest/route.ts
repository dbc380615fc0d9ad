/**
 * What a REST route is. Routes are static tables that close over nothing, so that who may call, what is read
 * and what answers is seen in one place, and the documentation can be made from them without a service.
 *
 * A route reads its request, calls one operation of the service, and says the answer in the words of the
 * clients it is for. What several protocols have to decide alike is decided in the operation.
 */
import type { AdmissionRule } from "../../access/admission.ts";
import type { AnonymousRule } from "../../access/anonymous-access.ts";
import type { AnonymousCall, Call } from "../../access/call.ts";
import type { Sessions } from "../../access/sessions.ts";
import type { BucketState } from "../../access/token-bucket.ts";
import type { Operations } from "../../api/operations.ts";
import type { Exchange } from "../http/exchange.ts";

/** What the function of a route is given, whoever calls. */
export interface RestRequest {
  /** Its headers, query and path parameter are read from here. */
  readonly exchange: Exchange;
  /** The JSON body, or its bytes, as the route reads it; undefined where it reads none or none came. */
  readonly body: unknown;
}

/** … of a route that asks for a key. */
export interface KeyedRequest extends RestRequest {
  /** Who calls, and by which request id. */
  readonly call: Call;
  /** The bucket of the key, after this call has taken its token. */
  readonly bucket: BucketState;
}

/** … of a route that is called with a key or without one. */
export interface AnonymousRequest extends RestRequest {
  /** The same; its principal is undefined for a caller without a key. */
  readonly call: AnonymousCall;
}

/** What routes answer from. */
export interface RestService {
  /** What can be asked of the service. */
  readonly operations: Operations;
  /** For browsers that stay signed in. */
  readonly sessions: Sessions;
  /** Of the service, such as `1.0.0`. */
  readonly version: string;
  /** ms since 1970 UTC. */
  readonly wallMs: () => number;
}

/** What a REST route answers. Bytes are sent as they are, any other object as JSON. */
export interface RestAnswer {
  /** HTTP's. */
  readonly status: number;
  /** Bytes and text are sent as they are, any other object as JSON. */
  readonly body: object | string | Uint8Array;
  /** In lower case. `content-type` is `application/json` where nothing else is said. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A REST answer whose body is made while it is sent. */
export interface RestStream {
  /** HTTP's, of an answer whose first chunk could be made. */
  readonly status: number;
  /** In lower case, `content-type` among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** Asked for as the client takes them, and ended when it leaves. */
  readonly chunks: AsyncGenerator<string, void>;
}

/**
 * How a route takes its body. `nothing`: it stays unread. `json`: one value, whatever it is; `json if
 * present`: none is undefined. `bytes`: decompressed, of any media type.
 */
export type BodyForm = "nothing" | "json" | "json if present" | "bytes";

/** A route whose `answer` is given what its `rule` brings with it. */
interface Route<Rule, Request> {
  /** Who may call, from the rule table; it decides how large a body is read, and what `answer` is given. */
  readonly rule: Rule;
  /** How it takes its body. */
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
  | Route<AnonymousRule, AnonymousRequest>;

/** Method and path, whose template may have one parameter: `GET /servers/{id}/metrics`. */
export type RouteName = `${"GET" | "POST" | "PUT" | "DELETE"} /${string}`;

/** Routes by their names. What each is documented with stands in the `documents.ts` beside it. */
export type RestRoutes = Readonly<Record<RouteName, RestRoute>>;

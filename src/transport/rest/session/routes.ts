import type { Principal } from "../../../access/call.ts";
import { RULES } from "../../../api/rules.ts";
import { ServiceError } from "../../../errors.ts";
import { type Exchange, headerOf } from "../../http/exchange.ts";
import { isSameOrigin } from "../../http/same-origin.ts";
import { sessionCookie } from "../../http/session-cookie.ts";
import type {
  AnonymousRequest,
  KeyedRequest,
  RestAnswer,
  RestRequest,
  RestRoutes,
  RestService,
} from "../route.ts";

/**
 * How the dashboard knows who looks at it, and how a browser stays signed in. What sets the cookie has one
 * segment: the browser derives the cookie's path from it (`sessionCookie`).
 *
 * Who it is, is asked by POST although nothing changes: over plain HTTP, but for localhost, a browser does not
 * say of a GET which page sends it, and what says nothing is given no session (`isSameOrigin`).
 */
export const SESSION_ROUTES = {
  "POST /session/identity": { rule: RULES.session.describe, reads: "nothing", answer: describeSession },
  "POST /session": { rule: RULES.session.begin, reads: "nothing", answer: beginSession },
  "DELETE /session": { rule: RULES.session.end, reads: "nothing", answer: endSession },
} as const satisfies RestRoutes;

/** Of a caller without a key or session: that there is none, which is no failure. */
function describeSession({ call: { principal } }: AnonymousRequest): RestAnswer {
  return sessionAnswer(principal === undefined ? { signed_in: false } : identityOf(principal));
}

/** Needs the key itself: a session does not prolong itself. */
function beginSession(
  { call: { principal }, exchange }: KeyedRequest,
  { sessions }: RestService,
): RestAnswer {
  requireOwnPage(exchange);
  const session = sessions.issue(principal.apiKeyId);
  if (session === undefined) throw new ServiceError("api_key_expired", "API key has expired");
  const cookie = sessionCookie(sessions, session, isEncrypted(exchange));
  return sessionAnswer(identityOf(principal), cookie);
}

/** Also of a session that has ended already, or never was. */
function endSession({ exchange }: RestRequest, { sessions }: RestService): RestAnswer {
  requireOwnPage(exchange);
  return sessionAnswer({ signed_in: false }, sessionCookie(sessions, undefined, isEncrypted(exchange)));
}

/** @throws {ServiceError} `permission_denied` for pages of others, who could sign a browser in or out. */
function requireOwnPage({ request }: Exchange): void {
  if (isSameOrigin(request)) return;
  throw new ServiceError("permission_denied", "only a page of this service's own origin may do this");
}

/** As the browser sees it, whatever stands between: it says so with every POST and DELETE of a page. */
function isEncrypted({ request }: Exchange): boolean {
  return headerOf(request, "origin")?.startsWith("https:") ?? false;
}

function identityOf({ service, role, serverId }: Principal) {
  return { signed_in: true, service, role, ...(serverId !== undefined && { server_id: serverId }) };
}

function sessionAnswer(body: object, cookie?: string): RestAnswer {
  const headers = { "cache-control": "no-store", ...(cookie !== undefined && { "set-cookie": cookie }) };
  return { status: 200, body, headers };
}

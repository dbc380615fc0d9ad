import type { KeyEntry } from "../../access/key-registry.ts";
import type { IssuedSession, Sessions } from "../../access/sessions.ts";
import { headerOf, type NodeRequest } from "./exchange.ts";
import { isSameOrigin } from "./same-origin.ts";

/** The key of the session that a page of this service has sent along; undefined for everybody else. */
export type SessionIn = (request: NodeRequest) => KeyEntry | undefined;

/** Reads the session's cookie of requests from the service's own origin, and of no others. */
export function createSessionReader({ cookieName, find }: Sessions): SessionIn {
  return (request) => {
    const cookies = headerOf(request, "cookie");
    if (cookies === undefined || !isSameOrigin(request)) return undefined;
    const found = cookies
      .split(";")
      .map((one) => one.trim())
      .find((one) => one.startsWith(`${cookieName}=`));
    return found === undefined ? undefined : find(found.slice(cookieName.length + 1));
  };
}

/**
 * `Set-Cookie` for a session, or for its end. No script reads it, and no other site's page makes the browser
 * send it. It has no path: the browser takes that of the request, and with it the prefix that a proxy has put
 * before the service's paths.
 *
 * @param isEncrypted whether the browser speaks TLS, with the service or with a proxy before it
 */
export function sessionCookie(
  { cookieName }: Pick<Sessions, "cookieName">,
  session: IssuedSession | undefined,
  isEncrypted: boolean,
): string {
  const { value, maxAgeSeconds } = session ?? { value: "", maxAgeSeconds: 0 };
  const attributes = `Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${isEncrypted ? "; Secure" : ""}`;
  return `${cookieName}=${value}; ${attributes}`;
}

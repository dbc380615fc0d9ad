import { isHttp2Request, type NodeRequest } from "../http/exchange.ts";

/** A host, of which the URL standard takes nearly any text, and perhaps a port. */
const AUTHORITY = /^(?:[\w.~-]+|\[[\da-f:.]+\])(?::\d*)?$/i;

/** Most requests name the same host as the one before. */
let lastValid = "";

/**
 * Whether a request says in one way which host it is for, or, as HTTP/1.0 may and an empty `Host` does, in none
 * (RFC 9112, 3.2; RFC 9113, 8.3.1). A proxy that goes by another of two hosts than we do has checked another
 * request than the one that we answer.
 */
export function hasClearAuthority(request: NodeRequest): boolean {
  const { rawHeaders } = request;
  let host: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    if (name.length !== 4 || name.toLowerCase() !== "host") continue;
    // Node keeps the first of several lines, and says nothing of the others.
    if (host !== undefined) return false;
    host = rawHeaders[at + 1] ?? "";
  }
  if (!isHttp2Request(request)) {
    if (host === undefined) return request.httpVersion !== "1.1";
    return host === "" || isAuthority(host);
  }
  const { authority } = request;
  if (!isAuthority(authority ?? "")) return false;
  return host === undefined || host.toLowerCase() === authority.toLowerCase();
}

function isAuthority(text: string): boolean {
  if (text === lastValid && text !== "") return true;
  const isValid = AUTHORITY.test(text) && URL.canParse(`http://${text}`);
  if (isValid) lastValid = text;
  return isValid;
}

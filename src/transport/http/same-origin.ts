import { headerOf, type NodeRequest } from "./exchange.ts";

/**
 * Whether a page of this service's own origin has sent a request, as the browser says: neither header can be
 * set by a page (https://fetch.spec.whatwg.org/#forbidden-request-header). What says nothing of where it comes
 * from, as an address that was typed or a client that is no browser, counts as from elsewhere.
 */
export function isSameOrigin(request: NodeRequest): boolean {
  const site = headerOf(request, "sec-fetch-site");
  // Sent to https and localhost only; there it is right also where a proxy has put in a `Host` of its own.
  if (site !== undefined) return site === "same-origin";
  const origin = headerOf(request, "origin");
  const host = headerOf(request, "host") ?? headerOf(request, ":authority");
  return origin !== undefined && host !== undefined && hostIn(origin) === host.toLowerCase();
}

/** Host and port, as `Host` has them; "" for `null` and for what is no origin. */
function hostIn(origin: string): string {
  return /^https?:\/\/([^/]+)$/.exec(origin.toLowerCase())?.[1] ?? "";
}

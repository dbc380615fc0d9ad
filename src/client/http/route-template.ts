import { normalizeEndpoint, pathOf, type RouteTemplate } from "./endpoint.ts";
import type { HttpRequest } from "./exchange.ts";

/** What Express leaves on a request that a route has taken. */
export interface ExpressRequest extends HttpRequest {
  readonly baseUrl?: string | undefined;
  readonly route?: { readonly path?: unknown } | undefined;
}

/**
 * The template of the route that took the request, behind the path its router is mounted at; undefined when
 * no route did, or one without a single template (a RegExp, a list).
 */
export function expressTemplate(request: ExpressRequest): RouteTemplate | undefined {
  const path = request.route?.path;
  if (typeof path !== "string") return undefined;
  const mount = request.baseUrl || mountOf(request, path);
  return { mount: mount === "" ? "" : normalizeEndpoint(mount), path };
}

/** An error on its way out of a router resets `baseUrl`; then it is what the template leaves of the path. */
function mountOf({ originalUrl = "" }: ExpressRequest, template: string): string {
  // With parts that match any number of segments, there is no telling.
  if (/[*{(?+]/.test(template)) return "";
  const segments = pathOf(originalUrl).split("/").filter(Boolean);
  const ownCount = template.split("/").filter(Boolean).length;
  return segments.slice(0, Math.max(0, segments.length - ownCount)).join("/");
}

/** What stands in for all endpoints beyond the bound. */
const OTHER_ENDPOINT = "_other";

/** Most endpoints named by path, and most mounts: each name is a label value, so a series or more. */
const ENDPOINTS_MAX = 100;
/**
 * How many of them the server may not have known, so that a scanner of paths leaves room for real endpoints.
 */
const UNFOUND_MAX = 30;
/** Longest segment that passes for a word; beyond, it is taken for a token or a signature. */
const WORD_LENGTH_MAX = 40;

/** Collections whose members follow them by a name of their own. */
const COLLECTIONS = new Set([
  "servers",
  "tools",
  "prompts",
  "users",
  "sessions",
  "clients",
  "agents",
  "tasks",
]);
/** Collections whose members have paths for names. */
const TREES = new Set(["resources", "files"]);
const API_VERSION = /^v\d+((alpha|beta)\d*)?$/i;
const HEX = /^[0-9a-f]{8,}$/i;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The endpoint that a path belongs to where no route template is known: `/api/v1/servers/abc123/logs` is
 * `/api/v1/servers/{id}/logs`. A segment is an id when it is a UUID, a number or hex, holds a digit or a dot,
 * is too long for a word, or stands where its collection puts ids.
 */
export function normalizeEndpoint(target: string): string {
  const segments = pathOf(target).split("/").filter(Boolean);
  let isInTree = false;
  const normal = segments.map((segment, index) => {
    const previous = segments[index - 1]?.toLowerCase() ?? "";
    isInTree ||= TREES.has(previous);
    return isInTree || COLLECTIONS.has(previous) || looksLikeId(segment) ? "{id}" : segment;
  });
  return `/${normal.join("/")}`;
}

/** The path of a request target, which a proxy sends as a whole URL. */
export function pathOf(target: string): string {
  const path = /^[a-z][a-z+.-]*:\/\/[^/?#]*/i.test(target) ? target.replace(/^[^/]*\/\/[^/?#]*/, "") : target;
  return path.replace(/[?#].*$/s, "");
}

function looksLikeId(segment: string): boolean {
  if (API_VERSION.test(segment)) return false;
  return segment.length > WORD_LENGTH_MAX || /[\d.]/.test(segment) || HEX.test(segment) || UUID.test(segment);
}

/** A route as its framework knows it, such as `/servers/:id`. */
export interface RouteTemplate {
  /**
   * The path its router is mounted at, without ids; empty at the root. Clients choose it where it is a
   * parameter.
   */
  readonly mount: string;
  /** The template within that router, in the framework's own syntax. */
  readonly path: string;
}

/**
 * Names endpoints by their routes or paths, with a bound on the names that clients can bring about: beyond,
 * they are `_other`. Routes come from the host's code and are not bounded.
 */
export class EndpointNames {
  readonly #names = new Set<string>();
  #unfound = 0;
  readonly #mounts = new Set<string>();

  /** The mount and the template in one. */
  ofRoute({ mount, path }: RouteTemplate): string {
    if (mount === "") return path;
    if (!this.#mounts.has(mount) && this.#mounts.size >= ENDPOINTS_MAX) return OTHER_ENDPOINT;
    this.#mounts.add(mount);
    return path === "/" ? mount : `${mount}${path}`;
  }

  /** The normalized path; `isFound` is whether the server knew the path, as far as its response says. */
  ofPath(target: string, isFound: boolean): string {
    const endpoint = normalizeEndpoint(target);
    if (this.#names.has(endpoint)) return endpoint;
    if (this.#names.size >= ENDPOINTS_MAX) return OTHER_ENDPOINT;
    if (!isFound && this.#unfound >= UNFOUND_MAX) return OTHER_ENDPOINT;
    if (!isFound) this.#unfound += 1;
    this.#names.add(endpoint);
    return endpoint;
  }
}

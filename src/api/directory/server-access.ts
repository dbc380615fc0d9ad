/** Which callers may act for a server, and which may know whether it is there. */
import type { Principal } from "../../access/call.ts";
import { ServiceError } from "../../errors.ts";
import type { RegisteredServer, ServerRegistry } from "./server-registry.ts";

/**
 * The server that the bearer of a key acts for: its own, or any for those whose key is no server's.
 *
 * @throws {ServiceError} `api_key_invalid` for another server's key, whether or not the server is there;
 *   `not_found`.
 */
export function serverOf(registry: ServerRegistry, principal: Principal, id: string): RegisteredServer {
  if (principal.role === "server" && principal.serverId !== id) throw foreignKey();
  return registry.get(id) ?? notFound();
}

/**
 * The server whose figures somebody wants to see. Those of a public one are for everybody; of others nobody
 * learns who has no key for them.
 *
 * @throws {ServiceError} `api_key_missing`, `api_key_invalid`, `permission_denied`, `not_found`
 */
export function visibleServer(
  registry: ServerRegistry,
  principal: Principal | undefined,
  id: string,
): RegisteredServer {
  const server = registry.get(id);
  if (server?.record.isPublic) return server;
  if (principal === undefined) {
    throw new ServiceError("api_key_missing", "API key required in X-API-Key header");
  }
  if (principal.role === "writer") {
    throw new ServiceError("permission_denied", "a writer key may not do this");
  }
  return serverOf(registry, principal, id);
}

/** Whether a caller may learn that there is no such server, or no such tool of it. */
export function mayKnow(
  server: RegisteredServer | undefined,
  principal: Principal | undefined,
  id: string,
): boolean {
  if (server?.record.isPublic) return true;
  if (principal?.role === "server") return principal.serverId === id;
  return principal?.role === "reader" || principal?.role === "admin";
}

/** @throws {ServiceError} `not_found`, in the words of the directory's clients. */
export function notFound(what = "Server"): never {
  throw new ServiceError("not_found", `${what} not found`);
}

/** As for a key that does not exist: another server's key learns nothing of this one. */
function foreignKey(): ServiceError {
  return new ServiceError("api_key_invalid", "Invalid API key");
}

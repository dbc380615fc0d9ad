import type { Identity } from "../api/session.ts";
import type { PageState, ViewName } from "./page-state.ts";

type Role = Identity["role"];

const EVERYTHING: readonly Role[] = ["writer", "reader", "admin"];
const ALL_SERVICES: readonly Role[] = ["reader", "admin"];

/**
 * Whose keys may call what a view asks for. The service decides in any case; this spares people views in which
 * everything fails, and says in these whose keys would do.
 */
export function rolesOf(view: ViewName): readonly Role[] {
  if (view === "keys" || view === "storage") return ["admin"];
  return view === "directory" ? ALL_SERVICES : EVERYTHING;
}

/** Whether a view needs the key itself, beyond what the browser's session is good for. */
export const needsKey = (view: ViewName): boolean => view === "keys" || view === "storage";

/** Whether somebody sees one server of the directory and nothing else. */
export const seesOneServer = ({ role }: Identity): boolean => role === "server" || role === "anonymous";

/**
 * What is shown to somebody who asks for a state: a server's key has one page. Undefined where there is
 * nothing to be seen without a key.
 */
export function reachable(identity: Identity, state: PageState): PageState | undefined {
  if (!seesOneServer(identity)) return state;
  if (identity.serverId !== undefined) return { ...state, view: "directory", subject: identity.serverId };
  return state.view === "directory" && state.subject !== undefined ? state : undefined;
}

/** "Reader and admin keys may see this." */
export function describeRoles(roles: readonly string[]): string {
  const names = roles.join(", ").replace(/, (?=[^,]*$)/, " and ");
  return `${names.charAt(0).toUpperCase()}${names.slice(1)} keys may see this.`;
}

import { Code, ConnectError } from "@connectrpc/connect";

/** Who has signed in. */
export interface Identity {
  /** The service that the key was made for; a writer key sees its metrics alone. */
  readonly service: string;
  /** `anonymous` has no key, and sees the figures of public servers. */
  readonly role: "writer" | "reader" | "admin" | "server" | "anonymous";
  /** The directory's server that the key is of, and the only thing that it sees. */
  readonly serverId?: string | undefined;
  /** Whether the page has the key itself: a browser that stays signed in may read metrics, and no more. */
  readonly hasKey: boolean;
}

/**
 * The API key of whoever uses the page, and the browser's session. The key is held in memory alone: never in
 * the address, where it would be shared with links, and never in storage. A session is a cookie that scripts
 * cannot read; the service says whether there is one.
 */
export interface Session {
  /** Undefined until someone has signed in, and where the browser's session is enough. */
  readonly key: string | undefined;
  /** Use this key from now on, or with undefined none; as long as the page is not loaded again. */
  use(key: string | undefined): void;
  /** Who the key or the session belongs to; `anonymous` without either. @throws {ConnectError} */
  identify(): Promise<Identity>;
  /** Has the browser stay signed in with the key, over all tabs. @throws {ConnectError} */
  stay(): Promise<void>;
  /** Forgets the key and ends the browser's session. @throws {ConnectError} for a session that may go on. */
  end(): Promise<void>;
}

/** What the service answers about a session. */
interface SessionAnswer {
  readonly signed_in: boolean;
  readonly service?: string;
  readonly role?: string;
  readonly server_id?: string;
}

const ROLES = ["writer", "reader", "admin", "server"] as const;
/** Codes of the statuses that the page tells apart. */
const CODES: Readonly<Record<number, Code>> = {
  401: Code.Unauthenticated,
  403: Code.PermissionDenied,
  429: Code.ResourceExhausted,
  502: Code.Unavailable,
  503: Code.Unavailable,
  504: Code.Unavailable,
};

/** @param baseUrl where the service's paths begin, with a slash at its end */
export function createSession(baseUrl: string): Session {
  let key: string | undefined;

  async function ask(method: "POST" | "DELETE", path = "session"): Promise<SessionAnswer> {
    const headers: Record<string, string> = key === undefined ? {} : { "x-api-key": key };
    const answer = await fetch(new URL(path, baseUrl), { method, headers, cache: "no-store" });
    const body = await answer.json().catch(() => ({}));
    if (answer.ok) return body as SessionAnswer;
    throw new ConnectError(String(body.detail ?? answer.statusText), CODES[answer.status] ?? Code.Unknown);
  }

  return {
    get key() {
      return key;
    },
    use(given) {
      key = given;
    },
    async identify() {
      const { signed_in, service = "", role, server_id: serverId } = await ask("POST", "session/identity");
      const hasKey = key !== undefined;
      if (!signed_in) return { service, role: "anonymous", hasKey };
      // A role that this page does not know gets the views of the least one.
      return { service, role: ROLES.find((known) => known === role) ?? "writer", serverId, hasKey };
    },
    async stay() {
      await ask("POST");
    },
    async end() {
      key = undefined;
      await ask("DELETE");
    },
  };
}

/**
 * The API key of whoever uses the page. It lives as long as the browser tab: it is never put in the address,
 * where it would be shared with links, nor in a cookie or on disk.
 */
export interface Session {
  /** Undefined until someone has signed in. */
  readonly key: string | undefined;
  /** Use this key from now on; a reload of the tab signs in with it again. */
  open(key: string): void;
  /** Forget the key. The service is not asked: it has no sessions, only keys. */
  close(): void;
}

const STORED_AS = "mcp-metrics.key";

/**
 * @param storage the tab's `sessionStorage`. Undefined where the browser denies it (by policy, or in some
 * private modes); the key then lasts until the page is left or reloaded.
 */
export function createSession(storage: Storage | undefined): Session {
  let key = storage?.getItem(STORED_AS) ?? undefined;
  return {
    get key() {
      return key;
    },
    open(given) {
      key = given;
      storage?.setItem(STORED_AS, given);
    },
    close() {
      key = undefined;
      storage?.removeItem(STORED_AS);
    },
  };
}

/**
 * The key of whoever looks. Asked for once a browser tab and forgotten with it: never in the address, in a
 * cookie or on disk.
 */
export interface Session {
  readonly key: string | undefined;
  open(key: string): void;
  close(): void;
}

const STORED_AS = "mcp-metrics.key";

/** @param storage the tab's own storage; a browser may refuse it, then the key lasts until the page is left. */
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

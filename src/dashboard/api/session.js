const STORED_AS = "mcp-metrics.key";
/** @param storage the tab's own storage; a browser may refuse it, then the key lasts until the page is left. */
export function createSession(storage) {
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

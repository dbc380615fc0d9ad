/** Whether a parsed JSON value is an object, and neither null nor a list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * JSON as `stringify` writes it, with U+FFFD for every lone surrogate.
 *
 * SQLite decodes an escaped one to bytes that are no UTF-8, and reading such a column aborts the whole
 * process in libsql 0.5.29 (a Rust panic, not an exception).
 */
export function wellFormed(json: string): string {
  if (!json.includes("\\ud")) return json;
  return json.replace(/\\(ud[89a-f]..|.)/g, (found) => (found.length === 2 ? found : "\ufffd"));
}

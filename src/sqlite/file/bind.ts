/** What libsql can bind. */
export type Bindable = string | number | bigint | null | Buffer;

/** What callers of the database may pass. */
export type SqlValue = string | number | bigint | boolean | null | undefined | Uint8Array;

/**
 * Turn a value into one that libsql can bind.
 *
 * Binding a boolean aborts the whole process in libsql 0.5.29 (a Rust panic, not an exception), and
 * `success: true` is in nearly every submission. Every parameter goes through here.
 */
export function bind(value: SqlValue): Bindable {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value === undefined) return null;
  if (value instanceof Uint8Array) return Buffer.from(value);
  return value;
}

/**
 * Values on their way into libsql, and the two of them that would end the process.
 *
 * libsql is SQLite behind a native module written in Rust. A panic there is no JavaScript exception: nothing
 * catches it, the process aborts, and whatever was in memory is gone. So whatever leads to one is dealt with
 * here, whoever sent it.
 *
 * What libsql 0.5.29 does otherwise, and SQL in this folder therefore minds:
 *
 * - Every JavaScript number is bound as REAL, whole or not. A column with INTEGER affinity makes an integer
 *   of it (https://sqlite.org/datatype3.html); an expression such as `coalesce(?, n)` or `max(?, n)`, and
 *   `LIMIT`, does not, so that such parameters are written `CAST(? AS INTEGER)`.
 * - A BLOB is read as an `ArrayBuffer`, by `first` as a `Buffer`, whatever `Row` says, and is wrapped in a
 *   `Uint8Array` where it is used.
 * - An INTEGER beyond 2^53 is read as the nearest double. Only request numbers come near.
 */

import { storableText } from "../../lib/storable-text.ts";

/** What libsql can bind to a parameter. */
export type Bindable = string | number | bigint | null | Buffer;

/** What callers of `Database` may pass: `undefined` becomes NULL, a boolean 0 or 1. */
export type SqlValue = string | number | bigint | boolean | null | undefined | Uint8Array;

/**
 * Turn a value into one that libsql can bind.
 *
 * Binding a boolean panics in libsql 0.5.29, and `success: true` is in nearly every submission. Every
 * parameter goes through here, but for those of `Database.runBound`, whose types leave no boolean over.
 */
export function bind(value: SqlValue): Bindable {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value === undefined) return null;
  if (typeof value === "string") return storableText(value);
  if (value instanceof Uint8Array) return Buffer.from(value);
  return value;
}

/**
 * JSON as `JSON.stringify` writes it, with U+FFFD for every lone surrogate and every NUL. Each JSON text that
 * came from a client passes through here before it is stored.
 *
 * `JSON.stringify` escapes a lone surrogate (`\ud800`). SQLite's `json_each` and `->>`, which the views are
 * made of, decode the escape to three bytes that are no UTF-8, and libsql 0.5.29 panics when it reads such a
 * column as text. At a NUL it ends the text. Other JSON costs two searches and is returned as it is.
 *
 * Rejected: `String.prototype.toWellFormed` on every string before it is serialised, which allocates and
 * walks each value on the event loop; and to do it as values are read, which views in other tools do not
 * pass.
 */
export function repairJson(json: string): string {
  if (!json.includes("\\ud") && !json.includes("\\u0000")) return json;
  // An escaped backslash is matched too, so that the text `\\ud800` (a backslash, then letters) stays.
  return json.replace(/\\(ud[89a-f]..|u0000|.)/g, (found) => (found.length === 2 ? found : "\ufffd"));
}

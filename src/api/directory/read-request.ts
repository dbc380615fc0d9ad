/** The fields that several of the directory's requests have, read as the directory's clients send them. */

import { SERVER_ID } from "../../catalogue/directory.ts";
import { invalidField, ServiceError } from "../../errors.ts";
import { isLongerThan, quote } from "../../ingest/text.ts";

/** What a request is refused for as a whole, in the words that the directory's clients know: HTTP 400. */
export function malformed(message: string): never {
  throw new ServiceError("malformed_body", message);
}

/**
 * The one server id among the places where a request may have it; undefined where none has.
 *
 * @throws {ServiceError} `malformed_body` for two different ones, and for what cannot be an id.
 */
export function readServerId(...places: readonly unknown[]): string | undefined {
  const given = places.filter((id) => id !== undefined && id !== null && id !== "");
  const [id] = given;
  if (id === undefined) return undefined;
  if (given.some((other) => other !== id)) malformed("Server ID is given twice, with different values");
  if (typeof id === "string" && SERVER_ID.test(id)) return id;
  return malformed(`Server ID ${quote(id)} must have 1 to 128 letters, digits, _, ., :, @, / and -`);
}

/** Longest text of a request, in code points. */
const TEXT_LENGTH_MAX = 200;

/**
 * A short text that may be absent; "" and null are absent, a number is its digits.
 *
 * @throws {ServiceError} `validation_failed`
 */
export function readText(field: string, value: unknown): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const text = typeof value === "number" ? String(value) : value;
  const isGood =
    typeof text === "string" &&
    !isLongerThan(text, TEXT_LENGTH_MAX) &&
    !/\p{Cc}/u.test(text) &&
    text.isWellFormed();
  if (isGood) return text;
  const message = `${field} must be a string of at most ${TEXT_LENGTH_MAX} characters without control characters`;
  throw invalidField(field, "invalid", message);
}

import { ServiceError } from "../../errors.ts";
import { quote } from "../../ingest/text.ts";
import { SERVER_ID } from "./server-access.ts";

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

import { ServiceError } from "../../errors.ts";
import { JsonGuard, SCAN_FROM_BYTES } from "./json-guard.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Parse a JSON body. A large one is scanned first for what would hold the event loop.
 *
 * @throws {ServiceError} `malformed_body`
 */
export function parseJson(body: Buffer): unknown {
  if (body.length > SCAN_FROM_BYTES) new JsonGuard().push(body);
  let text: string;
  try {
    text = utf8.decode(body);
  } catch (cause) {
    throw new ServiceError("malformed_body", "body is not valid UTF-8", { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ServiceError("malformed_body", "body is not valid JSON", { cause });
  }
}

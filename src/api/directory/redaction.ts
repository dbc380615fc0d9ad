import { invalidField } from "../../errors.ts";
import { isRecord } from "../../lib/json.ts";
import { hideAddresses } from "../../lib/network.ts";

/** Bytes of details, as JSON in UTF-8. */
export const DETAILS_BYTES_MAX = 4096;
/** Answered for details that are too large before or after redaction. */
const TOO_LARGE = `details too large: at most ${DETAILS_BYTES_MAX} bytes of JSON`;

/** Nested no deeper, so that the walk through them is short, too. */
const DEPTH_MAX = 16;

/**
 * What a client tells besides the fields that are specified, as JSON, without what names people: addresses
 * become networks, and `hide` is asked about every text.
 *
 * @throws {ServiceError} `validation_failed`
 */
export function redactDetails(details: unknown, hide: (text: string) => string = (text) => text): string {
  if (details === undefined || details === null) return "{}";
  if (!isRecord(details)) reject("invalid", "details must be an object");
  let left = DETAILS_BYTES_MAX;
  const cleanText = (text: string) => {
    left -= text.length;
    // Before it is searched: texts of RPCs may be as long as a message.
    if (left < 0) reject("too_large", TOO_LARGE);
    // Well-formed already here, so that the limit below counts the bytes that are stored.
    return hideAddresses(hide(text)).toWellFormed();
  };
  const clean = (value: unknown, depth: number): unknown => {
    if (depth > DEPTH_MAX) reject("too_deep", `details are nested more than ${DEPTH_MAX} deep`);
    if (typeof value === "string") return cleanText(value);
    if (typeof value === "number") {
      // A user's id may be a number.
      const text = String(value);
      const hidden = hide(text);
      return hidden === text ? value : hidden;
    }
    if (Array.isArray(value)) return value.map((item) => clean(item, depth + 1));
    if (!isRecord(value)) return value;
    const members = Object.entries(value).map(([key, member]) => [cleanText(key), clean(member, depth + 1)]);
    return Object.fromEntries(members);
  };
  const json = JSON.stringify(clean(details, 0));
  if (Buffer.byteLength(json) > DETAILS_BYTES_MAX) reject("too_large", TOO_LARGE);
  return json;
}

/** @throws {ServiceError} `validation_failed` */
function reject(reason: string, message: string): never {
  throw invalidField("details", reason, message);
}

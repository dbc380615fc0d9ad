import { ServiceError } from "../../errors.ts";
import { isRecord, wellFormed } from "../../lib/json.ts";
import { hideAddresses } from "../../lib/network.ts";

/** Bytes of details, as JSON in UTF-8. */
export const DETAILS_BYTES_MAX = 4096;

/** Nested no deeper, so that the walk through them is short, too. */
const DEPTH_MAX = 16;

/**
 * What a client tells besides the fields that are specified, as JSON, without what names people: addresses
 * become networks, and `hide` is asked about every text.
 *
 * @throws {ServiceError} `validation_failed`
 */
export function privateDetails(details: unknown, hide: (text: string) => string = (text) => text): string {
  if (details === undefined || details === null) return "{}";
  if (!isRecord(details)) refuse("invalid", "details must be an object");
  const clean = (value: unknown, depth: number): unknown => {
    if (depth > DEPTH_MAX) refuse("too_deep", `details are nested more than ${DEPTH_MAX} deep`);
    if (typeof value === "string") return hideAddresses(hide(value));
    if (Array.isArray(value)) return value.map((item) => clean(item, depth + 1));
    if (!isRecord(value)) return value;
    const members = Object.entries(value).map(([key, member]) => [
      hideAddresses(hide(key)),
      clean(member, depth + 1),
    ]);
    return Object.fromEntries(members);
  };
  const json = wellFormed(JSON.stringify(clean(details, 0)));
  const bytes = Buffer.byteLength(json);
  if (bytes > DETAILS_BYTES_MAX)
    refuse("too_large", `details too large: ${bytes} bytes, at most ${DETAILS_BYTES_MAX}`);
  return json;
}

function refuse(reason: string, message: string): never {
  throw new ServiceError("validation_failed", message, {
    violations: [{ field: "details", reason, message }],
  });
}

import { createHmac, timingSafeEqual } from "node:crypto";

/** 64 hex digits, also in the form that GitHub made common. */
const HEX = /^(?:sha256=)?([0-9a-f]{64})$/i;

/**
 * The signature, as hex in lower case, if it is the HMAC-SHA-256 of these bytes under this secret; undefined
 * if it is not one. How long that takes does not depend on how much of it is right.
 */
export function verifiedSignature(
  secret: string,
  body: Uint8Array,
  signature: string | undefined,
): string | undefined {
  const hex = HEX.exec(signature?.trim() ?? "")?.[1]?.toLowerCase();
  if (hex === undefined) return undefined;
  const expected = createHmac("sha256", secret).update(body).digest();
  return timingSafeEqual(expected, Buffer.from(hex, "hex")) ? hex : undefined;
}

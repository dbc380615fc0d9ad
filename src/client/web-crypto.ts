/**
 * What the client needs of Web Crypto (https://www.w3.org/TR/webcrypto/), which Node and browsers share.
 */

const encoder = new TextEncoder();

/**
 * An idempotency key: 128 random bits, as 32 hex digits. Not `randomUUID`, which browsers offer in secure
 * contexts only, so not to pages that came without TLS.
 */
export function randomKey(): string {
  return toHex(crypto.getRandomValues(new Uint8Array(16)));
}

/**
 * The signature of a request's body as the directory verifies it: HMAC-SHA-256 (RFC 2104), 64 hex digits.
 * Rejects in a page without TLS, where browsers offer no `crypto.subtle`.
 */
export async function sign(secret: string, body: string): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, encoder.encode(body));
  return toHex(new Uint8Array(signature));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

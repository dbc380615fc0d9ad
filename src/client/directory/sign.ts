const encoder = new TextEncoder();

/**
 * The signature of a body as the directory verifies it: HMAC-SHA-256 in hex. Web Crypto, which Node has and
 * pages have that came over TLS.
 */
export async function sign(secret: string, body: string): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, encoder.encode(body));
  return Array.from(new Uint8Array(signature), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

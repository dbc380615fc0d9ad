/** An idempotency key: 128 random bits in hex. Not `randomUUID`, which pages without TLS do not have. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

import { createHmac, hash, randomBytes } from "node:crypto";

const PREFIX = "mcp_metrics_";

/** Longest key that is looked at: longer ones are wrong, and are not worth hashing. */
export const KEY_LENGTH_MAX = 256;

/** A new key: the prefix, by which secret scanners find it, and 32 random bytes as 43 URL-safe characters. */
export function generateKey(): string {
  return PREFIX + randomBytes(32).toString("base64url");
}

/**
 * SHA-256 of a key, hex: the only form in which keys are kept. A slow password hash adds nothing to 256
 * random bits.
 */
export function hashKey(key: string): string {
  return hash("sha256", key, "hex");
}

/** The predecessor's code has it in plain sight: it separates hashes by purpose, and protects nothing. */
const LEGACY_HMAC_KEY = "mcp-gateway-metrics-api-key-v1";

/** The hash that later releases of the predecessor keep of a key, hex. Its early ones keep what `hashKey` returns. */
export function legacyHashKey(key: string): string {
  return createHmac("sha256", LEGACY_HMAC_KEY).update(key).digest("hex");
}

import { hash, randomBytes } from "node:crypto";

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

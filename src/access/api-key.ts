import { hash, randomBytes } from "node:crypto";

const PREFIX = "mcp_metrics_";

/** Longest key that is looked at: what is longer is hashed by nobody. */
export const KEY_LENGTH_MAX = 256;

/** A new key: the prefix, by which secret scanners find it, and 32 random bytes as 43 URL-safe characters. */
export function generateKey(): string {
  return PREFIX + randomBytes(32).toString("base64url");
}

/**
 * SHA-256 of a key, hex: the only form in which keys are kept. Plain SHA-256 suffices for 256 random bits.
 */
export function hashKey(key: string): string {
  return hash("sha256", key, "hex");
}

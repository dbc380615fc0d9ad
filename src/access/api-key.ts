import { createHmac, hash, randomBytes } from "node:crypto";
import { type NewApiKey, prefixOf } from "../store/keys.ts";

const PREFIX = "mcp_metrics_";
/** The service that keys of servers belong to, in metrics and logs: these must not grow with the servers. */
const SERVER_KEY_SERVICE = "directory";

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

/** What is stored of a key of the directory's server `serverId`; `rateLimit` counts requests a minute. */
export function serverKeyOf(apiKey: string, serverId: string, rateLimit: number): NewApiKey {
  return {
    keyHash: hashKey(apiKey),
    prefix: prefixOf(apiKey),
    service: SERVER_KEY_SERVICE,
    role: "server",
    serverId,
    rateLimit,
    allowedServices: [],
    expiresMs: undefined,
    description: `of server ${serverId}`,
    dailyUsageLimit: undefined,
    monthlyUsageLimit: undefined,
  };
}

/** The predecessor's code has it in plain sight: it separates hashes by purpose, and protects nothing. */
const LEGACY_HMAC_KEY = "mcp-gateway-metrics-api-key-v1";

/** The hash that later releases of the predecessor keep of a key, hex. Its early ones keep what `hashKey` returns. */
export function legacyHashKey(key: string): string {
  return createHmac("sha256", LEGACY_HMAC_KEY).update(key).digest("hex");
}

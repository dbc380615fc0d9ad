import { createHmac } from "node:crypto";

/** In hex digits: 64 bits, so that two names in some billions share one. */
const LENGTH = 16;

/**
 * Names people by something that tells nothing of them, and is the same for the same name, as long as the
 * secret is.
 */
export type Pseudonymise = (name: string) => string;

/** HMAC-SHA-256, cut: without the secret nobody can try names until one fits. */
export function createPseudonymise(secret: Uint8Array): Pseudonymise {
  return (name) => createHmac("sha256", secret).update(name).digest("hex").slice(0, LENGTH);
}

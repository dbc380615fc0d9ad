import { createHmac } from "node:crypto";

/** In hex digits: 64 bits, so that among some billions of names two may share a pseudonym. */
const LENGTH = 16;

/**
 * Replaces a person's name by a pseudonym: the same for the same name as long as the secret is the same, and
 * of no use to whoever has neither.
 */
export type Pseudonymise = (name: string) => string;

/** HMAC-SHA-256, truncated. A plain hash would not do: names are few enough to try all of them. */
export function createPseudonymise(secret: Uint8Array): Pseudonymise {
  return (name) => createHmac("sha256", secret).update(name).digest("hex").slice(0, LENGTH);
}

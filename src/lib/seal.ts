import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

/**
 * Encrypts secrets that have to be used again, for storage: a copy of the database alone does not reveal
 * them.
 */
export interface Seal {
  /** Encrypts `secret` for `owner`, who is authenticated with it: nonce, tag and ciphertext in one. */
  close(secret: string, owner: string): Uint8Array;
  /**
   * The secret; undefined for what another key has sealed, what belongs to another owner, or what was
   * changed.
   */
  open(sealed: Uint8Array, owner: string): string | undefined;
}

const ALGORITHM = "aes-256-gcm";
// The sizes that SP 800-38D recommends for GCM.
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The seal of webhook secrets, under a key derived from the installation's secret. */
export const createWebhookSeal = (secret: Uint8Array): Seal => createSeal(secret, "webhook secrets");

/**
 * AES-256-GCM (NIST SP 800-38D) with a random nonce for each secret, under a key that HKDF (RFC 5869) derives
 * from `secret` for one `purpose` only.
 */
export function createSeal(secret: Uint8Array, purpose: string): Seal {
  const key = Buffer.from(hkdfSync("sha256", secret, "", purpose, 32));
  return {
    close(text, owner) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(owner));
      const encrypted = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), encrypted]);
    },
    open(sealed, owner) {
      const nonce = sealed.subarray(0, NONCE_BYTES);
      const tag = sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
      try {
        const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
        decipher.setAAD(Buffer.from(owner)).setAuthTag(tag);
        const text = decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES));
        return Buffer.concat([text, decipher.final()]).toString("utf8");
      } catch {
        return undefined;
      }
    },
  };
}

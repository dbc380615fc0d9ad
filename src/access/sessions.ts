import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { Clock } from "../lib/clock.ts";
import { DAY_MS } from "../lib/time.ts";
import type { KeyEntry, KeyRegistry } from "./key-registry.ts";

/** How long a browser stays signed in, unless the key ends before. */
const SESSION_MS = 30 * DAY_MS;
/** The longest value that is looked at; a valid one has some 70 characters. */
const VALUE_LENGTH_MAX = 200;

/** A session for one browser, as it is given to it once. */
export interface IssuedSession {
  readonly value: string;
  readonly maxAgeSeconds: number;
}

/**
 * Sessions of browsers that stay signed in. They are kept nowhere: a value names a key and a time, and is
 * signed. So a session ends with its key, whatever ends that (revocation, expiry, rotation), and never
 * outlives it; a value that was copied holds as long.
 */
export interface Sessions {
  /** Of this installation: two services of one host, whose browsers share cookies, do not meet. */
  readonly cookieName: string;
  /** A session in the name of a key; undefined for one that has ended in the meantime. */
  issue(apiKeyId: number): IssuedSession | undefined;
  /**
   * The key of a session, which may have ended; undefined for a value that this installation has not signed
   * for this key, and after its time.
   */
  find(value: string): KeyEntry | undefined;
}

/** @param secret the installation's; what is signed with it is good for no other purpose */
export function createSessions(secret: Uint8Array, keys: KeyRegistry, clock: Clock): Sessions {
  const derive = (purpose: string, length: number) =>
    Buffer.from(hkdfSync("sha256", secret, "", purpose, length));
  const key = derive("sessions", 32);
  // The hash of the key is signed too: a number that a restored database has given to another key is no key.
  const signatureOf = ({ record }: KeyEntry, expires: number) =>
    createHmac("sha256", key).update(`${record.id}.${expires}.${record.keyHash}`).digest();
  return {
    cookieName: `mcp_metrics_${derive("name of the session cookie", 6).toString("hex")}`,
    issue(apiKeyId) {
      const entry = keys.findById(apiKeyId);
      if (entry === undefined) return undefined;
      const nowMs = clock.wallMs();
      const endMs = Math.min(nowMs + SESSION_MS, entry.record.expiresMs ?? Number.POSITIVE_INFINITY);
      const expires = Math.floor(endMs / 1000);
      const maxAgeSeconds = expires - Math.floor(nowMs / 1000);
      if (maxAgeSeconds <= 0) return undefined;
      const value = `${apiKeyId}.${expires}.${signatureOf(entry, expires).toString("base64url")}`;
      return { value, maxAgeSeconds };
    },
    find(value) {
      if (value.length > VALUE_LENGTH_MAX) return undefined;
      const [, id, end, signed] = /^([1-9]\d{0,14})\.([1-9]\d{0,14})\.([\w-]{43})$/.exec(value) ?? [];
      if (signed === undefined || Number(end) * 1000 <= clock.wallMs()) return undefined;
      const entry = keys.findById(Number(id));
      const given = Buffer.from(signed, "base64url");
      if (entry === undefined || !timingSafeEqual(given, signatureOf(entry, Number(end)))) return undefined;
      return entry;
    },
  };
}

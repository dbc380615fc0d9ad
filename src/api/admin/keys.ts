import { generateKey, hashKey, legacyHashKey } from "../../access/api-key.ts";
import type { KeyRegistry } from "../../access/key-registry.ts";
import { invalidField } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import type { AuditDetails } from "../../store/audit.ts";
import {
  type ApiKeyRecord,
  type KeyChange,
  type KeyRole,
  type KeyStore,
  prefixOf,
} from "../../store/keys.ts";
import type { Actor, Audit } from "./audit.ts";
import { checkKeyChange, checkNewKey } from "./check-key.ts";

export interface CreateKeyInput {
  readonly service: string;
  /** Keys of servers come with their registration. */
  readonly role: Exclude<KeyRole, "server">;
  /** Requests a minute; undefined: the service's default. */
  readonly rateLimit: number | undefined;
  readonly allowedServices: readonly string[];
  readonly expiresMs: number | undefined;
  readonly description: string;
  /** Requests a UTC day and month; undefined: no limit. */
  readonly dailyUsageLimit?: number | undefined;
  readonly monthlyUsageLimit?: number | undefined;
}

/** A key with its secret, which is shown once and kept nowhere. */
export interface KeyWithSecret {
  readonly record: ApiKeyRecord;
  readonly secret: string;
}

/** What AdminService and the command line share. Changes are in force when they return. */
export interface KeyAdministration {
  /** Every key, revoked and expired ones too, by id. */
  list(): Promise<readonly ApiKeyRecord[]>;
  /** @throws {ServiceError} `validation_failed`. */
  create(input: CreateKeyInput): Promise<KeyWithSecret>;
  /** The key that a text is, in force or not; undefined where it is none of ours. Nothing of the text is kept. */
  find(key: string): Promise<ApiKeyRecord | undefined>;
  /** Also of a key that has ended. @throws {ServiceError} `not_found`, `validation_failed`. */
  update(id: number, change: KeyChange): Promise<ApiKeyRecord>;
  /** @throws {ServiceError} `not_found`. */
  revoke(id: number): Promise<ApiKeyRecord>;
  /** The old key works on for the overlap. @throws {ServiceError} `not_found`, `validation_failed`. */
  rotate(id: number, overlapSeconds: number): Promise<KeyWithSecret>;
}

export interface KeysDeps {
  readonly store: Pick<KeyStore, "list" | "create" | "update" | "revoke" | "rotate">;
  readonly audit: Pick<Audit, "transacted">;
  readonly clock: Clock;
  /** Requests a minute of a key that is given no limit of its own. */
  readonly defaultRateLimit: number;
  /** Keys in force in this process; undefined where no service runs. */
  readonly keyRegistry: KeyRegistry | undefined;
}

export const OVERLAP_SECONDS_MAX = 90 * 86_400;

/** The administration of keys, as an actor carries it out: each change leaves a trace in the audit log. */
export function createKeyAdministration(deps: KeysDeps): (actor: Actor) => KeyAdministration {
  const { store, audit, clock, defaultRateLimit, keyRegistry } = deps;
  return (actor) => ({
    list: () => store.list(),

    create(input) {
      const { service, role, rateLimit, allowedServices, expiresMs } = input;
      const details = {
        role,
        rate_limit: rateLimit ?? null,
        allowed_services: allowedServices,
        expires_at: expiresMs === undefined ? null : isoOf(expiresMs),
      };
      return audit.transacted(
        actor,
        { action: "key.create", target: service, details },
        async (trace) => {
          checkNewKey(input, clock.wallMs());
          const secret = generateKey();
          const key = {
            ...input,
            // Not checked: the operator's default may be higher than what an administrator may give.
            rateLimit: rateLimit ?? defaultRateLimit,
            dailyUsageLimit: input.dailyUsageLimit,
            monthlyUsageLimit: input.monthlyUsageLimit,
            keyHash: hashKey(secret),
            prefix: prefixOf(secret),
          };
          const record = await store.create(key, clock.wallMs(), trace);
          keyRegistry?.put(record);
          return { record, secret };
        },
        ({ record }) => detailsOf(record),
      );
    },

    async find(key) {
      const hashes = [hashKey(key), legacyHashKey(key)];
      return (await store.list()).find(({ keyHash }) => hashes.includes(keyHash));
    },

    update(id, change) {
      const act = { action: "key.update", target: `key ${id}`, details: detailsOfChange(change) };
      return audit.transacted(
        actor,
        act,
        async (trace) => {
          checkKeyChange(change);
          const record = await store.update(id, change, trace);
          keyRegistry?.put(record);
          return record;
        },
        detailsOf,
      );
    },

    revoke: (id) =>
      audit.transacted(
        actor,
        { action: "key.revoke", target: `key ${id}` },
        async (trace) => {
          const record = await store.revoke(id, trace);
          keyRegistry?.put(record);
          return record;
        },
        detailsOf,
      ),

    rotate(id, overlapSeconds) {
      const details = { overlap_seconds: overlapSeconds };
      const act = { action: "key.rotate", target: `key ${id}`, details };
      return audit.transacted(
        actor,
        act,
        async (trace) => {
          checkOverlap(overlapSeconds);
          const secret = generateKey();
          const nowMs = clock.wallMs();
          const oldExpiresMs = nowMs + overlapSeconds * 1000;
          const rotation = { id, keyHash: hashKey(secret), prefix: prefixOf(secret), oldExpiresMs, nowMs };
          const { old, replacement } = await store.rotate(rotation, trace);
          keyRegistry?.put(old);
          keyRegistry?.put(replacement, old);
          return { record: replacement, secret };
        },
        ({ record }) => detailsOf(record),
      );
    },
  });
}

/** What the log says of a key, beside what was asked of it. */
function detailsOf({ id, service, role, prefix }: ApiKeyRecord): AuditDetails {
  return { id, service, role, ...(prefix !== undefined && { prefix }) };
}

/** By the names of the API. */
function detailsOfChange(change: KeyChange): AuditDetails {
  const { rateLimit, dailyUsageLimit, monthlyUsageLimit, description, allowedServices } = change;
  return {
    ...(rateLimit !== undefined && { rate_limit: rateLimit }),
    ...(dailyUsageLimit !== undefined && { daily_usage_limit: dailyUsageLimit }),
    ...(monthlyUsageLimit !== undefined && { monthly_usage_limit: monthlyUsageLimit }),
    ...(description !== undefined && { description }),
    ...(allowedServices !== undefined && { allowed_services: allowedServices }),
  };
}

/** Also of a number that is no time, which the act itself rejects. */
function isoOf(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}

/** @throws {ServiceError} `validation_failed` for an overlap of two keys that is no time, or too long. */
export function checkOverlap(overlapSeconds: number): void {
  if (overlapSeconds >= 0 && overlapSeconds <= OVERLAP_SECONDS_MAX) return;
  const message = `overlap of ${overlapSeconds} s is out of range: 0 to ${OVERLAP_SECONDS_MAX}`;
  throw invalidField("overlap", "out_of_range", message);
}

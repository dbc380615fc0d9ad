import { generateKey, hashKey } from "../../access/api-key.ts";
import type { KeyRegistry } from "../../access/key-registry.ts";
import { LIMITS } from "../../catalogue/limits.ts";
import { invalidField, type Violation, validationFailed } from "../../errors.ts";
import { codePoints } from "../../ingest/text.ts";
import type { Clock } from "../../lib/clock.ts";
import type { ApiKeyRecord, KeyRole, KeyStore } from "../../store/keys.ts";
import type { Actor, Audit } from "./audit.ts";

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
  /** @throws {ServiceError} `not_found`. */
  revoke(id: number): Promise<ApiKeyRecord>;
  /** The old key works on for the overlap. @throws {ServiceError} `not_found`, `validation_failed`. */
  rotate(id: number, overlapSeconds: number): Promise<KeyWithSecret>;
}

export interface KeysDeps {
  readonly store: Pick<KeyStore, "list" | "create" | "revoke" | "rotate">;
  readonly audit: Pick<Audit, "transacted">;
  readonly clock: Clock;
  /** Requests a minute of a key that is given no limit of its own. */
  readonly defaultRateLimit: number;
  /** Keys in force in this process; undefined where no service runs. */
  readonly keyRegistry: KeyRegistry | undefined;
}

const RATE_LIMIT_MAX = 1_000_000;
const USAGE_LIMIT_MAX = 1e12;
const ALLOWED_SERVICES_MAX = 100;
const DESCRIPTION_LENGTH_MAX = 200;
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
      return audit.transacted(actor, { action: "key.create", target: service, details }, async (trace) => {
        checkNewKey(input, clock.wallMs());
        const secret = generateKey();
        const key = {
          ...input,
          // Not checked: the operator's default may be higher than what an administrator may give.
          rateLimit: rateLimit ?? defaultRateLimit,
          dailyUsageLimit: input.dailyUsageLimit,
          monthlyUsageLimit: input.monthlyUsageLimit,
          keyHash: hashKey(secret),
        };
        const record = await store.create(key, clock.wallMs(), trace);
        keyRegistry?.put(record);
        return { record, secret };
      });
    },

    revoke: (id) =>
      audit.transacted(actor, { action: "key.revoke", target: `key ${id}` }, async (trace) => {
        const record = await store.revoke(id, trace);
        keyRegistry?.put(record);
        return record;
      }),

    rotate(id, overlapSeconds) {
      const details = { overlap_seconds: overlapSeconds };
      const act = { action: "key.rotate", target: `key ${id}`, details };
      return audit.transacted(actor, act, async (trace) => {
        checkOverlap(overlapSeconds);
        const secret = generateKey();
        const nowMs = clock.wallMs();
        const oldExpiresMs = nowMs + overlapSeconds * 1000;
        const rotation = { id, keyHash: hashKey(secret), oldExpiresMs, nowMs };
        const { old, replacement } = await store.rotate(rotation, trace);
        keyRegistry?.put(old);
        keyRegistry?.put(replacement, old);
        return { record: replacement, secret };
      });
    },
  });
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

function checkNewKey({ rateLimit = 1, ...key }: CreateKeyInput, nowMs: number): void {
  const rules: readonly (Violation & { readonly broken: boolean })[] = [
    {
      field: "service",
      reason: "invalid",
      message: `service must match [A-Za-z0-9_-]{1,${LIMITS.SERVICE_LENGTH_MAX}}`,
      broken: !/^[A-Za-z0-9_-]+$/.test(key.service) || key.service.length > LIMITS.SERVICE_LENGTH_MAX,
    },
    {
      field: "rate_limit",
      reason: "out_of_range",
      message: `rate_limit must be a whole number from 1 to ${RATE_LIMIT_MAX}`,
      broken: !(Number.isInteger(rateLimit) && rateLimit >= 1 && rateLimit <= RATE_LIMIT_MAX),
    },
    usageLimitRule("daily_usage_limit", key.dailyUsageLimit),
    usageLimitRule("monthly_usage_limit", key.monthlyUsageLimit),
    {
      field: "allowed_services",
      reason: "invalid",
      message: `allowed_services holds at most ${ALLOWED_SERVICES_MAX} globs of letters, digits, _, -, * and ?`,
      broken:
        key.allowedServices.length > ALLOWED_SERVICES_MAX ||
        !key.allowedServices.every((glob) => /^[A-Za-z0-9_*?-]{1,100}$/.test(glob)),
    },
    {
      field: "expires_at",
      reason: "in_the_past",
      message: "expires_at must be in the future",
      broken: key.expiresMs !== undefined && !(key.expiresMs > nowMs),
    },
    {
      field: "description",
      reason: "invalid",
      message: `description has at most ${DESCRIPTION_LENGTH_MAX} characters and no control characters`,
      broken: codePoints(key.description) > DESCRIPTION_LENGTH_MAX || /\p{Cc}/u.test(key.description),
    },
  ];
  const violations = rules.filter(({ broken }) => broken);
  if (violations.length === 0) return;
  throw validationFailed(violations.map(({ field, reason, message }) => ({ field, reason, message })));
}

function usageLimitRule(field: string, limit = 1): Violation & { readonly broken: boolean } {
  const message = `${field} must be a whole number from 1 to ${USAGE_LIMIT_MAX}`;
  const broken = !(Number.isInteger(limit) && limit >= 1 && limit <= USAGE_LIMIT_MAX);
  return { field, reason: "out_of_range", message, broken };
}

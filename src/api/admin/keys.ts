import { generateKey, hashKey } from "../../access/api-key.ts";
import type { KeyDirectory } from "../../access/key-directory.ts";
import { LIMITS } from "../../catalogue/limits.ts";
import { ServiceError, type Violation } from "../../errors.ts";
import { codePoints } from "../../ingest/text.ts";
import type { Clock } from "../../lib/clock.ts";
import type { ApiKeyRecord, KeyRole, NewApiKey } from "../../sqlite/keys/key-store.ts";

/** Where keys are kept; the writer thread of a service, or the database itself in the CLI. */
export interface KeyStorage {
  listKeys(): Promise<readonly ApiKeyRecord[]>;
  createKey(key: NewApiKey, nowMs: number): Promise<ApiKeyRecord>;
  revokeKey(id: number): Promise<ApiKeyRecord>;
  rotateKey(input: { id: number; keyHash: string; oldExpiresMs: number; nowMs: number }): Promise<{
    readonly old: ApiKeyRecord;
    readonly replacement: ApiKeyRecord;
  }>;
}

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

export interface KeyAdministrationDeps {
  readonly storage: KeyStorage;
  readonly clock: Clock;
  readonly defaultRateLimit: number;
  /** Keys in force in this process; undefined where no service runs. */
  readonly directory: KeyDirectory | undefined;
}

export type KeyAdministration = ReturnType<typeof createKeyAdministration>;

const RATE_LIMIT_MAX = 1_000_000;
const USAGE_LIMIT_MAX = 1e12;
const ALLOWED_SERVICES_MAX = 100;
const DESCRIPTION_LENGTH_MAX = 200;
export const OVERLAP_SECONDS_MAX = 90 * 86_400;

/** Create, list, revoke, rotate: what AdminService and the CLI share. Changes are in force when they return. */
export function createKeyAdministration({
  storage,
  clock,
  defaultRateLimit,
  directory,
}: KeyAdministrationDeps) {
  return {
    list: () => storage.listKeys(),

    /** @throws {ServiceError} `validation_failed`. The secret is returned once and kept nowhere. */
    async create(input: CreateKeyInput): Promise<{ record: ApiKeyRecord; secret: string }> {
      checkNewKey(input, clock.wallMs());
      // Not checked: the operator's default may be higher than what an administrator may give.
      const rateLimit = input.rateLimit ?? defaultRateLimit;
      const secret = generateKey();
      const record = await storage.createKey(
        {
          ...input,
          rateLimit,
          dailyUsageLimit: input.dailyUsageLimit,
          monthlyUsageLimit: input.monthlyUsageLimit,
          keyHash: hashKey(secret),
        },
        clock.wallMs(),
      );
      directory?.put(record);
      return { record, secret };
    },

    /** @throws {ServiceError} `not_found`. */
    async revoke(id: number): Promise<ApiKeyRecord> {
      const record = await storage.revokeKey(id);
      directory?.put(record);
      return record;
    },

    /** @throws {ServiceError} `not_found`, `validation_failed`. */
    async rotate(id: number, overlapSeconds: number): Promise<{ record: ApiKeyRecord; secret: string }> {
      checkOverlap(overlapSeconds);
      const secret = generateKey();
      const nowMs = clock.wallMs();
      const oldExpiresMs = nowMs + overlapSeconds * 1000;
      const { old, replacement } = await storage.rotateKey({
        id,
        keyHash: hashKey(secret),
        oldExpiresMs,
        nowMs,
      });
      directory?.put(old);
      directory?.put(replacement, old);
      return { record: replacement, secret };
    },
  };
}

/** @throws {ServiceError} `validation_failed` for an overlap of two keys that is no time, or too long. */
export function checkOverlap(overlapSeconds: number): void {
  if (overlapSeconds >= 0 && overlapSeconds <= OVERLAP_SECONDS_MAX) return;
  const message = `overlap of ${overlapSeconds} s is out of range: 0 to ${OVERLAP_SECONDS_MAX}`;
  throw new ServiceError("validation_failed", message, {
    violations: [{ field: "overlap", reason: "out_of_range", message }],
  });
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
  throw new ServiceError("validation_failed", violations.map(({ message }) => message).join("; "), {
    violations: violations.map(({ field, reason, message }) => ({ field, reason, message })),
  });
}

function usageLimitRule(field: string, limit = 1): Violation & { readonly broken: boolean } {
  const message = `${field} must be a whole number from 1 to ${USAGE_LIMIT_MAX}`;
  const broken = !(Number.isInteger(limit) && limit >= 1 && limit <= USAGE_LIMIT_MAX);
  return { field, reason: "out_of_range", message, broken };
}

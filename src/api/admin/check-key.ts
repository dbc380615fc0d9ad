import { LIMITS } from "../../catalogue/limits.ts";
import { invalidField, type Violation, validationFailed } from "../../errors.ts";
import { codePoints } from "../../ingest/text.ts";
import type { KeyChange, NewApiKey } from "../../store/keys.ts";

const RATE_LIMIT_MAX = 1_000_000;
const USAGE_LIMIT_MAX = 1e12;
const ALLOWED_SERVICES_MAX = 100;
const DESCRIPTION_LENGTH_MAX = 200;

type Rule = Violation & { readonly broken: boolean };

/** What of a new key is checked; an absent rate limit is the operator's own default. */
type CheckedKey = Pick<NewApiKey, "service" | "expiresMs"> & KeyChange;

/** @throws {ServiceError} `validation_failed`, with everything that is wrong at once. */
export function checkNewKey(key: CheckedKey, nowMs: number): void {
  const rules: readonly Rule[] = [
    {
      field: "service",
      reason: "invalid",
      message: `service must match [A-Za-z0-9_-]{1,${LIMITS.SERVICE_LENGTH_MAX}}`,
      broken: !/^[A-Za-z0-9_-]+$/.test(key.service) || key.service.length > LIMITS.SERVICE_LENGTH_MAX,
    },
    {
      field: "expires_at",
      reason: "in_the_past",
      message: "expires_at must be in the future",
      broken: key.expiresMs !== undefined && !(key.expiresMs > nowMs),
    },
  ];
  reject([...rules, ...rulesOf(key)]);
}

/** @throws {ServiceError} `validation_failed` for a value that is none, and for a change of nothing. */
export function checkKeyChange(change: KeyChange): void {
  if (Object.values(change).every((value) => value === undefined)) {
    const fields = "rate_limit, daily_usage_limit, monthly_usage_limit, description or allowed_services";
    throw invalidField("rate_limit", "required", `${fields} is required`);
  }
  reject(rulesOf(change));
}

/** What holds of a value wherever it is given. */
function rulesOf({
  rateLimit = 1,
  allowedServices = [],
  description = "",
  ...limits
}: KeyChange): readonly Rule[] {
  return [
    {
      field: "rate_limit",
      reason: "out_of_range",
      message: `rate_limit must be a whole number from 1 to ${RATE_LIMIT_MAX}`,
      broken: !(Number.isInteger(rateLimit) && rateLimit >= 1 && rateLimit <= RATE_LIMIT_MAX),
    },
    usageLimitRule("daily_usage_limit", limits.dailyUsageLimit),
    usageLimitRule("monthly_usage_limit", limits.monthlyUsageLimit),
    {
      field: "allowed_services",
      reason: "invalid",
      message: `allowed_services holds at most ${ALLOWED_SERVICES_MAX} globs of letters, digits, _, -, * and ?`,
      broken:
        allowedServices.length > ALLOWED_SERVICES_MAX ||
        !allowedServices.every((glob) => /^[A-Za-z0-9_*?-]{1,100}$/.test(glob)),
    },
    {
      field: "description",
      reason: "invalid",
      message: `description has at most ${DESCRIPTION_LENGTH_MAX} characters and no control characters`,
      broken: codePoints(description) > DESCRIPTION_LENGTH_MAX || /\p{Cc}/u.test(description),
    },
  ];
}

function usageLimitRule(field: string, given: number | null | undefined): Rule {
  const limit = given ?? 1;
  const message = `${field} must be a whole number from 1 to ${USAGE_LIMIT_MAX}`;
  const broken = !(Number.isInteger(limit) && limit >= 1 && limit <= USAGE_LIMIT_MAX);
  return { field, reason: "out_of_range", message, broken };
}

function reject(rules: readonly Rule[]): void {
  const violations = rules.filter(({ broken }) => broken);
  if (violations.length === 0) return;
  throw validationFailed(violations.map(({ field, reason, message }) => ({ field, reason, message })));
}

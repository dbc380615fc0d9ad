import type { OperationRule } from "../../api/rules.ts";
import type { FailureReason } from "../../errors.ts";
import type { OpenApiOperation } from "./operation.ts";

/** Either header will do. */
const KEY: OpenApiOperation["security"] = [{ apiKey: [] }, { bearer: [] }];

/** What a rule of admission means for a caller. */
export interface AdmissionDocument {
  /** How OpenAPI says which keys are taken; {} among them means none. */
  readonly security: OpenApiOperation["security"];
  /** A sentence. */
  readonly words: string;
  /** The reasons for which a caller may be turned away. */
  readonly failures: readonly FailureReason[];
  /** What every answer carries, by the names in `components`. */
  readonly headers: readonly string[];
}

/** What OpenAPI says of a rule. */
export function describeAdmission(rule: OperationRule): AdmissionDocument {
  if (rule === "open")
    return { security: [], words: "Needs no key.", failures: [], headers: ["X-Request-Id"] };
  if ("ifKey" in rule) {
    const { security, failures, headers } = describeAdmission(rule.ifKey);
    const words = "Needs a key for what is not public; without one, calls of a network share a rate limit.";
    return { security: [{}, ...security], words, failures, headers };
  }
  const roles =
    rule.roles.includes("writer") && rule.roles.includes("reader") ? [] : [...rule.roles, "admin"];
  const key = roles.length === 0 ? "any role" : `the role ${roles.map((role) => `\`${role}\``).join(" or ")}`;
  return {
    security: KEY,
    words: `Needs a key of ${key}${rule.costsToken ? "" : "; costs no token of its rate limit"}.`,
    failures: [
      "api_key_missing",
      "api_key_invalid",
      "api_key_inactive",
      "api_key_expired",
      ...(roles.length > 0 ? (["permission_denied"] as const) : []),
      ...(rule.costsToken
        ? (["rate_limited", "daily_limit_exceeded", "monthly_limit_exceeded"] as const)
        : []),
    ],
    headers: ["X-Request-Id", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"],
  };
}

import { invalidField } from "../../errors.ts";
import { isLongerThan } from "../../ingest/text.ts";

const TEXT_LENGTH_MAX = 200;

/**
 * A short text that may be absent; "" and null are absent, a number is its digits.
 *
 * @throws {ServiceError} `validation_failed`
 */
export function readText(field: string, value: unknown): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const text = typeof value === "number" ? String(value) : value;
  const isGood =
    typeof text === "string" &&
    !isLongerThan(text, TEXT_LENGTH_MAX) &&
    !/\p{Cc}/u.test(text) &&
    text.isWellFormed();
  if (isGood) return text;
  const message = `${field} must be a string of at most ${TEXT_LENGTH_MAX} characters without control characters`;
  throw invalidField(field, "invalid", message);
}

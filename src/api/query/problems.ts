import { ServiceError, type Violation } from "../../errors.ts";

/** Gathers what is wrong with a request, so that its caller learns of everything at once. */
export class Problems {
  readonly #violations: Violation[] = [];

  add(field: string, reason: string, message: string): void {
    this.#violations.push({ field, reason, message: `${field}: ${message}` });
  }

  /** @throws {ServiceError} `validation_failed` when there is any. */
  refuse(): void {
    if (this.#violations.length === 0) return;
    const message = this.#violations.map((violation) => violation.message).join("; ");
    throw new ServiceError("validation_failed", message, { violations: this.#violations });
  }
}

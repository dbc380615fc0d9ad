import { type Violation, validationFailed } from "../../errors.ts";

/** Gathers what is wrong with a query, so that its caller learns of everything at once. */
export class QueryViolations {
  readonly #violations: Violation[] = [];

  /** `message` goes on after the field's name. */
  add(field: string, reason: string, message: string): void {
    this.note({ field, reason, message: `${field}: ${message}` });
  }

  note(violation: Violation): void {
    this.#violations.push(violation);
  }

  /** @throws {ServiceError} `validation_failed` when there is any. */
  throwIfAny(): void {
    if (this.#violations.length > 0) throw validationFailed(this.#violations);
  }
}

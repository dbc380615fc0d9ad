import { type FailureReason, ServiceError, type Violation } from "../../errors.ts";
import { StoreOpenError } from "../../store/errors.ts";

/**
 * What a failed write means.
 *
 * `unavailable`: the transaction is rolled back, the connection is fine, and the same write will
 * succeed once there is room again. `fatal`: what is on disk is no longer known. After a failed fsync
 * Linux may have dropped the page, and the next commit succeeds all the same (tried with libsql
 * 0.5.29); so nothing more may be acknowledged, and the process must end and let recovery read the
 * log again. `unexpected`: a defect of ours.
 */
export type FailureKind = "unavailable" | "fatal" | "unexpected";

const UNAVAILABLE = /^SQLITE_(FULL|BUSY|LOCKED|READONLY|NOMEM|CANTOPEN)/;
const FATAL = /^SQLITE_(IOERR|CORRUPT|NOTADB|PROTOCOL|READONLY_DBMOVED)/;

export function kindOfFailure(error: unknown): FailureKind {
  if (error instanceof DatabaseMovedError) return "fatal";
  const code = String((error as { code?: unknown } | null)?.code ?? "");
  if (FATAL.test(code)) return "fatal";
  return UNAVAILABLE.test(code) ? "unavailable" : "unexpected";
}

/** An error on its way between threads: a clone of an Error would lose its code. */
export interface Failure {
  readonly kind: FailureKind;
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
  /** Set when it was a ServiceError. */
  readonly reason: FailureReason | undefined;
  readonly violations: readonly Violation[];
}

/** What can be told of an error between threads, and of a database that cannot be opened. */
export function describeFailure(error: unknown): Failure {
  const reason = error instanceof ServiceError ? error.reason : undefined;
  const violations = error instanceof ServiceError ? error.violations : [];
  const { name, message, code } = error as Error & { code?: string };
  const kind: FailureKind = reason === undefined ? kindOfFailure(error) : "unexpected";
  return { kind, name, message, code, reason, violations };
}

/** The database file is no longer the one that was opened; what is written now goes nowhere. */
export class DatabaseMovedError extends Error {
  constructor(path: string) {
    super(`${path} was removed or replaced while in use`);
    this.name = "DatabaseMovedError";
  }
}

/** What the caller of a failed write is told. */
export function storageUnavailable(cause: unknown): ServiceError {
  return new ServiceError("storage_unavailable", "storage cannot accept metrics now; retry later", {
    retryAfterSeconds: 2,
    cause,
  });
}

const DAMAGED = /^SQLITE_(CORRUPT|NOTADB|FORMAT)/;
const UNUSABLE_ERRORS = ["DamagedDatabaseError", "ForeignLogError", "MigrationError"];

/** Whether the file itself is what is wrong: no repetition will open it. */
export function isUnusableFile({ name, code = "" }: Failure): boolean {
  return DAMAGED.test(code) || UNUSABLE_ERRORS.includes(name);
}

/** What to do about a file that cannot be read; empty where the message says it already. */
export function adviceFor({ name, code = "" }: Failure): string {
  if (code.startsWith("SQLITE_NOTADB")) return "; restore a backup, or choose another path";
  if (DAMAGED.test(code) || name === "DamagedDatabaseError")
    return "; keep the file and restore a backup (mcp-metrics doctor --full tells more)";
  return "";
}

/** The database at `path` could not be opened; the message says why and what to do. */
export class DatabaseOpenError extends StoreOpenError {
  readonly failure: Failure;
  constructor(path: string, failure: Failure) {
    const message = failure.message.includes(path) ? failure.message : `${path}: ${failure.message}`;
    super(message + adviceFor(failure), { isUnusable: isUnusableFile(failure) });
    this.failure = failure;
  }
}

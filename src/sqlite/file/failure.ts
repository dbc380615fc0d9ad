import { basename, dirname, join } from "node:path";
import { type FailureReason, ServiceError, type Violation } from "../../errors.ts";
import { StoreOpenError } from "../../store/errors.ts";

/**
 * What a failed statement means.
 *
 * - `unavailable`: the transaction is rolled back, the connection is fine, and the same write will succeed
 *   once there is room again. The caller is asked to retry.
 * - `fatal`: what is on disk is no longer known. After a failed fsync Linux may have dropped the page, and
 *   the next commit succeeds all the same (tried with libsql 0.5.29; https://lwn.net/Articles/752063/); so
 *   nothing more may be acknowledged, and the process must end and let recovery read the log again.
 * - `unexpected`: a defect of ours, such as a wrong statement.
 */
export type FailureKind = "unavailable" | "fatal" | "unexpected";

// Result codes of https://sqlite.org/rescode.html, as libsql names them; extended codes begin with the
// primary one.
const UNAVAILABLE = /^SQLITE_(FULL|BUSY|LOCKED|READONLY|NOMEM|CANTOPEN)/;
const FATAL = /^SQLITE_(IOERR|CORRUPT|NOTADB|PROTOCOL|READONLY_DBMOVED)/;

/** By the error's `code`; an error without one is not SQLite's, and therefore ours. */
function kindOfFailure(error: unknown): FailureKind {
  if (error instanceof DatabaseMovedError) return "fatal";
  const code = String((error as { code?: unknown } | null)?.code ?? "");
  if (FATAL.test(code)) return "fatal";
  return UNAVAILABLE.test(code) ? "unavailable" : "unexpected";
}

/** An error on its way between threads or processes: a structured clone of an Error would lose its code. */
export interface Failure {
  readonly kind: FailureKind;
  readonly name: string;
  readonly message: string;
  /** SQLite's or the operating system's: `SQLITE_FULL`, `ENOENT`. */
  readonly code: string | undefined;
  /** Set when it was a ServiceError: the input was rejected, and nothing failed. */
  readonly reason: FailureReason | undefined;
  /** Of a ServiceError; else empty. */
  readonly violations: readonly Violation[];
}

/** An error as plain data, which keeps what the receiver decides by. */
export function describeFailure(error: unknown): Failure {
  const reason = error instanceof ServiceError ? error.reason : undefined;
  const violations = error instanceof ServiceError ? error.violations : [];
  const { name, message, code } = error as Error & { code?: string };
  const kind: FailureKind = reason === undefined ? kindOfFailure(error) : "unexpected";
  return { kind, name, message, code, reason, violations };
}

/**
 * The database file is no longer the one that was opened, or not as we left it: somebody removed, replaced, cut
 * or overwrote it. Unix goes on writing into a removed file, where nobody will find it. Fatal.
 */
export class DatabaseMovedError extends Error {
  override readonly name = "DatabaseMovedError";
}

/**
 * What the caller of a failed write gets: HTTP 503 with `Retry-After`, gRPC `UNAVAILABLE`. `cause` is for the
 * log.
 */
export function storageUnavailable(cause: unknown): ServiceError {
  return new ServiceError("storage_unavailable", "storage cannot accept metrics now; retry later", {
    retryAfterSeconds: 2,
    cause,
  });
}

const DAMAGED = /^SQLITE_(CORRUPT|NOTADB|FORMAT)/;
const UNUSABLE_ERRORS = ["DamagedDatabaseError", "ForeignLogError", "MigrationError", "PredecessorError"];

/** Whether the file itself is what is wrong, so that a supervisor's restart would only repeat the failure. */
export function isUnusableFile({ name, code = "" }: Failure): boolean {
  return DAMAGED.test(code) || UNUSABLE_ERRORS.includes(name);
}

/** Of the operating system and of SQLite: what keeps a file closed that may be open to us a second later. */
const PASSING = /^(ENOSPC|EDQUOT|EROFS|EACCES|EPERM|ENOENT|EIO|EMFILE|ENFILE|ENODEV|ESTALE|ETIMEDOUT)$/;

/** What to do about a file that cannot be opened, by the error's code; the first that fits. */
const ADVICE: readonly (readonly [code: RegExp, advice: string])[] = [
  [/^SQLITE_NOTADB/, "restore a backup, or choose another path"],
  [DAMAGED, "keep the file and restore a backup (mcp-metrics doctor --full tells more)"],
  [/^(SQLITE_FULL|ENOSPC|EDQUOT)/, "make room on the disk"],
  [/^(SQLITE_READONLY|EROFS)/, "the service must be able to write to the file and its folder"],
  [
    /^(SQLITE_CANTOPEN|EACCES|EPERM)/,
    "the user of the service must be able to write to the file and its folder",
  ],
  [/^ENOENT/, "is the volume mounted, and the path right?"],
];

/** Empty where the message says it already. */
function adviceFor(path: string, { name, code = "" }: Failure): string {
  if (name === "PredecessorError") return `; ${takeOverCommands(path)}`;
  const key = name === "DamagedDatabaseError" ? "SQLITE_CORRUPT" : code;
  const advice = ADVICE.find(([pattern]) => pattern.test(key))?.[1];
  return advice === undefined ? "" : `; ${advice}`;
}

/** The commands that take a predecessor's database over, whose file and log stay as they are. */
export function takeOverCommands(path: string): string {
  const names = ["mcp-metrics.db", "mcp-metrics-new.db"];
  const [target = ""] = names
    .filter((name) => name !== basename(path))
    .map((name) => join(dirname(path), name));
  const setting = `SQLITE_DB_PATH=${inShell(target)}`;
  return (
    "take it over into a new one, and serve that (docs/migrating.md):\n" +
    `  ${setting} mcp-metrics import-legacy ${inShell(path)}\n  ${setting} mcp-metrics serve`
  );
}

/** A word of a POSIX shell's command line. */
function inShell(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The database at `path` could not be opened; the message says why and what to do. */
export class DatabaseOpenError extends StoreOpenError {
  readonly failure: Failure;
  /** Whether it may open a little later: a volume may be mounted after us, and room be made on a disk. */
  readonly mayPass: boolean;
  constructor(path: string, failure: Failure) {
    const message = failure.message.includes(path) ? failure.message : `${path}: ${failure.message}`;
    super(message + adviceFor(path, failure));
    this.failure = failure;
    this.mayPass = failure.kind === "unavailable" || PASSING.test(failure.code ?? "");
  }
}

/** A call to the directory that failed. */
export class DirectoryError extends Error {
  override readonly name = "DirectoryError";
  /** The service's stable reason, such as `api_key_invalid`; `unreachable` where it gave no answer. */
  readonly reason: string;
  /** Of HTTP; undefined where there was no answer. */
  readonly status: number | undefined;
  /** How long the service asks to be left alone. */
  readonly retryAfterMs: number;

  constructor(
    message: string,
    options: {
      readonly reason: string;
      readonly status?: number;
      readonly retryAfterMs?: number;
      readonly cause?: unknown;
    },
  ) {
    super(message, { cause: options.cause });
    this.reason = options.reason;
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }

  /** Whether the same call may succeed later. */
  get isRetryable(): boolean {
    return this.status === undefined || [429, 502, 503, 504].includes(this.status);
  }
}

/** From an answer that says no. */
export async function readRefusal(answer: Response): Promise<DirectoryError> {
  const text = await answer.text();
  const seconds = Number(answer.headers.get("retry-after"));
  return new DirectoryError(fieldOf(text, "error") ?? `HTTP ${answer.status}`, {
    reason: fieldOf(text, "code") ?? "unknown",
    status: answer.status,
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : 0,
  });
}

/** Undefined also when somebody between us and the service has answered with something else. */
function fieldOf(text: string, name: string): string | undefined {
  try {
    const value = JSON.parse(text)[name];
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A call to the directory that failed. */
export class DirectoryError extends Error {
  override readonly name = "DirectoryError";
  /** The service's stable reason, such as `api_key_invalid`; `unreachable` where it gave no answer. */
  readonly reason: string;
  /** The status of HTTP; undefined where there was no answer. */
  readonly status: number | undefined;
  /** How long the service asks not to be called (`retry-after`), in milliseconds; 0 when it says nothing. */
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

  /** Whether the same call may succeed later: no answer, a rate limit, or a service that is away. */
  get isRetryable(): boolean {
    return this.status === undefined || [429, 502, 503, 504].includes(this.status);
  }
}

/** The error that a directory's answer of another status than 2xx stands for. */
export async function readErrorResponse(answer: Response): Promise<DirectoryError> {
  const text = await answer.text();
  const seconds = Number(answer.headers.get("retry-after"));
  return new DirectoryError(fieldOf(text, "error") ?? `HTTP ${answer.status}`, {
    reason: fieldOf(text, "code") ?? "unknown",
    status: answer.status,
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : 0,
  });
}

/** A text of a JSON answer; undefined where a proxy has answered with something else than JSON. */
function fieldOf(text: string, name: string): string | undefined {
  try {
    const value = JSON.parse(text)[name];
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

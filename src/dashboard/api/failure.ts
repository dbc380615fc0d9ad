import { Code, ConnectError } from "@connectrpc/connect";

/** What went wrong, as the reader can act on it. */
export interface PageFailure {
  readonly kind: "signed-out" | "unreachable" | "cancelled" | "rejected";
  readonly text: string;
  /** When trying again makes sense, where the service said so. */
  readonly retryAfterSeconds: number | undefined;
}

/** Tell apart what the reader must do something about: sign in, wait, or ask for less. */
export function readFailure(error: unknown): PageFailure {
  const found = ConnectError.from(error);
  const retryAfterSeconds = Number(found.metadata.get("retry-after")) || undefined;
  const failure = (kind: PageFailure["kind"], text: string) => ({ kind, text, retryAfterSeconds });
  switch (found.code) {
    case Code.Canceled:
      return failure("cancelled", "cancelled");
    case Code.Unauthenticated:
      return failure("signed-out", found.rawMessage);
    case Code.Unavailable:
      return failure("unreachable", found.rawMessage || "the service takes no requests at the moment");
    case Code.Unknown:
      // What a browser makes of a connection that nobody answers.
      return error instanceof TypeError || found.cause instanceof TypeError
        ? failure("unreachable", "the service cannot be reached")
        : failure("rejected", found.rawMessage);
    case Code.Internal:
      return isNetworkFailure(found)
        ? failure("unreachable", "the service cannot be reached")
        : failure("rejected", "the service failed to answer; its log says why");
    default:
      return failure("rejected", found.rawMessage);
  }
}

function isNetworkFailure({ cause, rawMessage }: ConnectError): boolean {
  return cause instanceof TypeError || /failed to fetch|networkerror|load failed/i.test(rawMessage);
}

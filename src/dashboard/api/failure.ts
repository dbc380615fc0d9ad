import { Code, ConnectError } from "@connectrpc/connect";

/** A failed call in the terms of whoever looks at the page: what they can do about it, and a text to show. */
export interface PageFailure {
  /**
   * - `signed-out`: the key is missing, revoked or expired; the page goes back to the sign-in form.
   * - `unreachable`: the network or the service is down; the page asks again by itself.
   * - `cancelled`: the page gave up its own call because something else is asked for; nothing is shown.
   * - `forbidden`: the key is good, and not for this; another one may be.
   * - `rejected`: the service answered, and says no (a filter it does not take, a limit, a query that takes
   * too long); trying again needs a decision of the user.
   */
  readonly kind: "signed-out" | "unreachable" | "cancelled" | "forbidden" | "rejected";
  /**
   * One sentence without a full stop, from the service where it sent one. Plain text; never parsed as HTML.
   */
  readonly text: string;
  /** From the `retry-after` header of rate limits and overload; undefined where the service named no time. */
  readonly retryAfterSeconds: number | undefined;
}

/**
 * Sorts anything thrown by an RPC into the few kinds that the page treats differently. Never throws itself.
 */
export function readFailure(error: unknown): PageFailure {
  const found = ConnectError.from(error);
  const retryAfterSeconds = Number(found.metadata.get("retry-after")) || undefined;
  const failure = (kind: PageFailure["kind"], text: string) => ({ kind, text, retryAfterSeconds });
  switch (found.code) {
    case Code.Canceled:
      return failure("cancelled", "cancelled");
    case Code.Unauthenticated:
      return failure("signed-out", found.rawMessage);
    case Code.PermissionDenied:
      return failure("forbidden", found.rawMessage);
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

/**
 * `fetch` rejects with a TypeError when there is no connection, and each browser words it in its own way:
 * Chromium "Failed to fetch", Firefox "NetworkError", Safari "Load failed".
 */
function isNetworkFailure({ cause, rawMessage }: ConnectError): boolean {
  return cause instanceof TypeError || /failed to fetch|networkerror|load failed/i.test(rawMessage);
}

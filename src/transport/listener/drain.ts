import { Server } from "node:net";
import type { Clock } from "../../lib/clock.ts";
import type { Connection, ConnectionTable } from "./connection-table.ts";
import { LINGER_MS } from "./listener-limits.ts";

/** What a close had to break off. */
export interface Drained {
  /** Requests that had begun and were not answered in time. */
  readonly aborted: number;
}

/**
 * How long a connection must have been idle before a close cuts it. A request already on its way when the close
 * began is read within this time and answered.
 */
const IDLE_GRACE_MS = 100;
/** How often connections are looked at while the listener closes. */
const SWEEP_MS = 25;

/**
 * Stop accepting, let what is in flight finish, and resolve when no connection is left.
 *
 * After `deadlineMs` everything still open is destroyed.
 */
export function drain(
  server: Server,
  table: ConnectionTable,
  clock: Clock,
  deadlineMs: number,
): Promise<Drained> {
  const startedMs = clock.monotonicMs();
  let aborted = 0;
  for (const connection of table) announce(connection);
  return new Promise((resolve) => {
    let cancel = (): void => undefined;
    const sweep = (): void => {
      const nowMs = clock.monotonicMs();
      for (const connection of table) {
        if (nowMs - startedMs >= deadlineMs) aborted += abort(connection);
        else closeIfQuiet(connection, nowMs - startedMs, nowMs - connection.idleSinceMs);
      }
      cancel = clock.after(SWEEP_MS, sweep);
    };
    // net's own close, not http's: that one would cut idle connections at once, also those whose
    // next request lies unread in the kernel, and stop the request deadlines.
    Server.prototype.close.call(server, async () => {
      await table.whenEmpty();
      cancel();
      resolve({ aborted });
    });
    sweep();
  });
}

/** Tell the peer of an HTTP/1.1 connection that it takes no more requests. */
function announce({ session, exchanges }: Connection): void {
  if (session !== undefined) return;
  for (const { response } of exchanges) {
    if (!response.headersSent) response.setHeader("Connection", "close");
  }
}

/**
 * Close a connection that has nothing in flight and has had time to bring its last request.
 *
 * A session is told to go only then: once node sends a GOAWAY, nghttp2 drops every further stream, and those that
 * are on their way are never answered (node 24.21.0; the notice of RFC 9113, 6.8, which prevents that, it has not).
 */
function closeIfQuiet({ session, socket, exchanges }: Connection, drainingMs: number, idleMs: number): void {
  if (session !== undefined && !session.closed && drainingMs > IDLE_GRACE_MS) session.close();
  const quietMs = Math.min(drainingMs, idleMs);
  if (exchanges.size === 0 && quietMs > (session === undefined ? IDLE_GRACE_MS : LINGER_MS)) socket.destroy();
}

/** Cut a connection; how many requests were unanswered. */
function abort({ socket, exchanges }: Connection): number {
  socket.destroy();
  const unanswered = exchanges.size;
  exchanges.clear();
  return unanswered;
}

import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../../lib/clock.ts";
import type { Connection } from "./connection-table.ts";
import { LINGER_MS } from "./listener-limits.ts";

/**
 * Say `last`, if anything, and close; a peer that does not close in its turn is cut after a moment.
 *
 * What it still sends is read and dropped: closing with unread bytes resets the connection, and the reset
 * can overtake the answer, or fail the write of a client that then never reads it.
 */
export function hangUp(socket: Duplex, last: string, clock: Clock): void {
  socket.end(last);
  socket.resume();
  socket.once(
    "close",
    clock.after(LINGER_MS, () => socket.destroy()),
  );
}

/**
 * Have node close an HTTP/1.1 connection in this way when its last answer has left before the whole
 * request was there, as the answer to a refused upload does. node itself would destroy the socket.
 */
export function lingerOverUnread(connection: Connection, socket: Socket, clock: Clock): void {
  const { destroySoon } = socket;
  socket.destroySoon = () => {
    const last = [...connection.exchanges].at(-1);
    if (last === undefined || last.request.complete) {
      destroySoon.call(socket);
      return;
    }
    // Whatever comes behind the rest of this request is not read as another one.
    connection.isSpent = true;
    hangUp(socket, "", clock);
  };
}

/**
 * The front door: one port for HTTP/1.1 and HTTP/2, cleartext or TLS, and one handler behind both.
 *
 * Cleartext HTTP/2 is recognised by its preface (prior knowledge, as gRPC clients speak it); under TLS
 * the peers agree by ALPN. Either way an HTTP/1.1 server owns the port and its connection listener is
 * replaced by ours, which counts the connection, finds out its protocol and passes it on. Rejected:
 * a plain net server in front of two HTTP servers, because node keeps header deadlines, and closes
 * idle connections, only for a server that listens itself.
 */
import { closeSync, openSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { devNull } from "node:os";
import type { Clock } from "../../lib/clock.ts";
import type { OnRequest } from "../http/exchange.ts";
import { type Closings, gatherClosings } from "./closings.ts";
import { enforceDeadlines } from "./connection-deadlines.ts";
import { routeCleartext, routeTls, type StartSession } from "./connection-routing.ts";
import { ConnectionTable } from "./connection-table.ts";
import { createDispatch } from "./dispatch.ts";
import { type Drained, drain } from "./drain.ts";
import { createHttp1Server, type TlsIdentity } from "./http1-server.ts";
import { createHttp2Server, startSession } from "./http2-server.ts";
import { DEFAULT_LISTENER_LIMITS, type ListenerLimits, sweepIntervalMs } from "./listener-limits.ts";

/** How a port is opened, and what answers on it. */
export interface ListenerOptions {
  /** Address to bind, for example `0.0.0.0` or `127.0.0.1`. */
  readonly host: string;
  /** Port to bind; 0 lets the system choose. */
  readonly port: number;
  /** Serve TLS (1.2 and up) with this identity; cleartext without. */
  readonly tls?: TlsIdentity | undefined;
  /** Called for every request of either protocol. Nothing of a body is read before it asks for it. */
  readonly onRequest: OnRequest;
  /** Called with what a handler threw, and of failures to accept (at most one a minute). */
  readonly onError: (error: unknown) => void;
  /** Called when peers were cut off, at most twice a minute for each reason. */
  readonly onClosings?: (closings: Closings) => void;
  /** Times all deadlines; tests use one of their own. */
  readonly clock: Clock;
  /** Departures from `DEFAULT_LISTENER_LIMITS`. */
  readonly limits?: Partial<ListenerLimits>;
}

/** An open port. Whoever opened it closes it. */
export interface Listener {
  /** The port in use, chosen by the system if 0 was asked for. */
  readonly port: number;
  /** Connections open at this moment. */
  connectionCount(): number;
  /**
   * Stop accepting, answer what is in flight, and resolve when the last connection has gone. What is
   * not done after `deadlineMs` is cut and counted. A later call gets the promise of the first.
   */
  close(deadlineMs: number): Promise<Drained>;
}

/**
 * Open the port.
 *
 * @throws the system's error (`EADDRINUSE`, `EACCES`, …) when it cannot be bound.
 */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { clock } = options;
  const limits = { ...DEFAULT_LISTENER_LIMITS, ...options.limits };
  const table = new ConnectionTable(
    clock,
    limits,
    gatherClosings(clock, options.onClosings ?? (() => undefined)),
  );
  let closing: Promise<Drained> | undefined;
  const dispatch = createDispatch({
    table,
    limits,
    onRequest: options.onRequest,
    onError: options.onError,
  });
  const http1 = createHttp1Server({ tls: options.tls, limits, table, clock, dispatch });
  const http2 = createHttp2Server(limits, table, dispatch);
  const speakHttp2: StartSession = (connection, socket) => {
    const onTooManyResets = () => table.report(connection, "too many stream resets");
    const session = startSession(http2, socket, clock, limits, onTooManyResets);
    connection.session = session;
    table.bind(session, connection);
  };
  const route = options.tls === undefined ? routeCleartext : routeTls;
  route(http1, { table, clock, startSession: speakHttp2 });

  const port = await listen(http1, options);
  const lookForDescriptors = watchDescriptors(http1, table, options);
  const stopSweeping = repeat(clock, sweepIntervalMs(limits), () => {
    lookForDescriptors();
    enforceDeadlines(table, clock.monotonicMs(), limits);
  });
  return {
    port,
    connectionCount: () => table.size,
    close(deadlineMs) {
      table.isDraining = true;
      closing ??= drain(http1, table, clock, deadlineMs).finally(() => {
        stopSweeping();
        // Already closed as a port; this stops the timer of its request deadlines.
        http1.close(() => undefined);
      });
      return closing;
    },
  };
}

/** Resolves to the port once it is bound. */
function listen(server: Server, { host, port }: ListenerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** How long a shortage is kept quiet about after it was told. */
const SHORTAGE_QUIET_MS = 60_000;
/** Idle connections given up at once in a shortage: what else needs a descriptor, such as the database, goes first. */
const GIVEN_UP_IN_SHORTAGE = 16;

/**
 * Look now and then whether a file descriptor is left (the returned function), and survive that none is.
 *
 * Without one (EMFILE, ENFILE) libuv accepts with one it keeps for that and closes the connection, which nobody is
 * told of; where that fails too, node reports it as an error of the server, which without a listener would end the
 * process. Giving up idle connections makes room for the next ones.
 */
function watchDescriptors(
  server: Server,
  table: ConnectionTable,
  { clock, onError }: ListenerOptions,
): () => void {
  let quietUntilMs = Number.NEGATIVE_INFINITY;
  const onShortage = (error: unknown): void => {
    for (let given = 0; given < GIVEN_UP_IN_SHORTAGE && table.closeOldestIdle(); given += 1);
    const nowMs = clock.monotonicMs();
    if (nowMs < quietUntilMs) return;
    quietUntilMs = nowMs + SHORTAGE_QUIET_MS;
    onError(
      new Error("new connections are closed unanswered: raise the limit of open files", { cause: error }),
    );
  };
  server.on("error", onShortage);
  return () => {
    try {
      closeSync(openSync(devNull, "r"));
    } catch (error) {
      onShortage(error);
    }
  };
}

/** Call `job` every `intervalMs` until the returned function is called. */
function repeat(clock: Clock, intervalMs: number, job: () => void): () => void {
  let cancel = (): void => undefined;
  const next = (): void => {
    cancel = clock.after(intervalMs, () => {
      job();
      next();
    });
  };
  next();
  return () => cancel();
}

import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Clock } from "../../lib/clock.ts";
import type { NodeRequest, NodeResponse } from "../http/exchange.ts";
import type { Misconduct } from "./closings.ts";
import type { ListenerLimits } from "./listener-limits.ts";

/** Is told why a peer is cut off, and its address. */
export type OnMisconduct = (why: Misconduct, address: string) => void;

/** Which version of HTTP a connection speaks; HTTP/1.0 counts as `http1`. */
export type WireProtocol = "http1" | "http2";

/** A request that has been handed over and whose answer has not left yet. */
export interface InFlightRequest {
  /** As it was handed over. */
  readonly request: NodeRequest;
  /** It leaves this table when this closes. */
  readonly response: NodeResponse;
  /** When its headers had arrived. */
  readonly startedMs: number;
  /** Since when the answer has been waiting for the peer; undefined while it moves. */
  stalledSinceMs: number | undefined;
}

/** One accepted TCP connection. Times are the clock's monotonic ones. */
export interface Connection {
  /** What was accepted; under TLS the socket beneath. Destroying it ends everything above. */
  readonly socket: Socket;
  /** Of the peer, by which connections are limited. */
  readonly address: string;
  /** When it was accepted. */
  readonly openedMs: number;
  /** Requests in flight; at most one on HTTP/1.1 unless the peer pipelines. */
  readonly exchanges: Set<InFlightRequest>;
  /** Undefined until the first bytes, or the TLS handshake, have shown it. */
  protocol: WireProtocol | undefined;
  /** Undefined for HTTP/1.1, and until HTTP/2 has been recognised. */
  session: ServerHttp2Session | undefined;
  /** When it last had nothing in flight; its opening at first. */
  idleSinceMs: number;
  /** Whether it has had a request: one that never does is closed sooner. */
  hasServed: boolean;
  /** Whether a stream of it was cut for not being read; the second time it is the connection that goes. */
  hasStalled: boolean;
  /** The request in flight is the last one this connection may have; what follows is not read as one. */
  isSpent: boolean;
}

/**
 * Every open connection of a listener, and which of them are idle.
 *
 * A connection leaves the table when its socket closes and in no other way but eviction, so what the
 * table has lost sight of cannot stay open.
 */
export class ConnectionTable {
  readonly #clock: Clock;
  readonly #limits: ListenerLimits;
  readonly #onMisconduct: OnMisconduct;
  readonly #open = new Set<Connection>();
  /** In the order in which they became idle, so that the first is the one to close. */
  readonly #idle = new Set<Connection>();
  readonly #perAddress = new Map<string, number>();
  readonly #byCarrier = new WeakMap<object, Connection>();
  #onEmpty = (): void => undefined;
  /** True once the listener closes: every HTTP/1.1 answer then ends its connection. */
  isDraining = false;

  constructor(clock: Clock, limits: ListenerLimits, onMisconduct: OnMisconduct = () => undefined) {
    this.#clock = clock;
    this.#limits = limits;
    this.#onMisconduct = onMisconduct;
  }

  /** Say why a peer is cut off. */
  report({ address }: Pick<Connection, "address">, why: Misconduct): void {
    this.#onMisconduct(why, address);
  }

  get size(): number {
    return this.#open.size;
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#open[Symbol.iterator]();
  }

  /** Take in a socket just accepted. Undefined when there is no room; the socket is then destroyed. */
  admit(socket: Socket): Connection | undefined {
    // A peer can reset at any moment, also before and after a protocol listens for errors.
    socket.on("error", () => undefined);
    const address = socket.remoteAddress;
    if (address === undefined || !this.#makeRoom(address)) {
      if (address !== undefined) this.report({ address }, "too many connections");
      socket.destroy();
      return undefined;
    }
    const openedMs = this.#clock.monotonicMs();
    const connection: Connection = {
      socket,
      address,
      openedMs,
      exchanges: new Set(),
      protocol: undefined,
      session: undefined,
      idleSinceMs: openedMs,
      hasServed: false,
      hasStalled: false,
      isSpent: false,
    };
    this.#open.add(connection);
    this.#idle.add(connection);
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1);
    socket.once("close", () => this.#drop(connection));
    return connection;
  }

  /** Note that requests of `carrier`, a socket or an HTTP/2 session, belong to `connection`. */
  bind(carrier: object, connection: Connection): void {
    this.#byCarrier.set(carrier, connection);
  }

  find(carrier: object | undefined): Connection | undefined {
    return carrier === undefined ? undefined : this.#byCarrier.get(carrier);
  }

  /** Note a request in flight; it ends by itself when `response` closes. */
  begin(connection: Connection, request: NodeRequest, response: NodeResponse): void {
    const exchange = { request, response, startedMs: this.#clock.monotonicMs(), stalledSinceMs: undefined };
    connection.hasServed = true;
    connection.exchanges.add(exchange);
    this.#idle.delete(connection);
    response.once("close", () => this.#end(connection, exchange));
  }

  /** Close the connection that has been idle for longest. False when none is. */
  closeOldestIdle(isCandidate: (connection: Connection) => boolean = () => true): boolean {
    for (const connection of this.#idle) {
      if (!isCandidate(connection)) continue;
      this.#drop(connection);
      connection.socket.destroy();
      return true;
    }
    return false;
  }

  /** Resolves when no connection is left. For one caller, once nothing is admitted any more. */
  whenEmpty(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  #makeRoom(address: string): boolean {
    if ((this.#perAddress.get(address) ?? 0) >= this.#limits.connectionsPerAddressMax) {
      return this.closeOldestIdle((connection) => connection.address === address);
    }
    return this.size < this.#limits.connectionsMax || this.closeOldestIdle();
  }

  #end(connection: Connection, exchange: InFlightRequest): void {
    connection.exchanges.delete(exchange);
    if (connection.exchanges.size > 0 || !this.#open.has(connection)) return;
    connection.idleSinceMs = this.#clock.monotonicMs();
    this.#idle.add(connection);
  }

  #drop(connection: Connection): void {
    if (!this.#open.delete(connection)) return;
    this.#idle.delete(connection);
    const left = (this.#perAddress.get(connection.address) ?? 1) - 1;
    if (left === 0) this.#perAddress.delete(connection.address);
    else this.#perAddress.set(connection.address, left);
    if (this.size === 0) this.#onEmpty();
  }
}

/**
 * What one listener grants its peers. Every resource a peer can hold has a bound here.
 *
 * The values suit a service behind gateways: few long-lived connections, small requests. All of them
 * can be set for one listener, which the tests use to make them short.
 */
export interface ListenerLimits {
  /** From accept to a recognised protocol, TLS handshake included, before the connection is cut. */
  readonly sniffTimeoutMs: number;
  /** From the first byte of an HTTP/1.1 request to the end of its headers; then 408. */
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to the last of its body; then 408, or a reset of the HTTP/2 stream. */
  readonly requestTimeoutMs: number;
  /** How long the peer may leave an answer unread, without taking any of it, before it is cut off. */
  readonly writeTimeoutMs: number;
  /** Between two requests on an HTTP/1.1 connection. */
  readonly keepAliveTimeoutMs: number;
  /** Between two streams on an HTTP/2 session; then GOAWAY. Pings do not count as use. */
  readonly sessionIdleTimeoutMs: number;
  /** From the preface to the first stream of an HTTP/2 session; then GOAWAY. */
  readonly firstStreamTimeoutMs: number;
  /** Open connections. One more closes the one idle for longest; if none is idle the new one is refused. */
  readonly connectionsMax: number;
  /** The same for one peer address. Without limit by default: behind a proxy every peer has one address. */
  readonly connectionsPerAddressMax: number;
  /**
   * Requests in flight on one connection. HTTP/2 peers learn it from SETTINGS; an HTTP/1.1 one that pipelines
   * more is closed.
   */
  readonly requestsInFlightMax: number;
  /** HTTP/2 streams reset within `streamResetsWindowMs`, by either side, before the session is destroyed. */
  readonly streamResetsMax: number;
  /** The window in which resets are counted. */
  readonly streamResetsWindowMs: number;
}

/** What the service grants. */
export const DEFAULT_LISTENER_LIMITS: ListenerLimits = {
  sniffTimeoutMs: 10_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  writeTimeoutMs: 30_000,
  keepAliveTimeoutMs: 60_000,
  sessionIdleTimeoutMs: 300_000,
  firstStreamTimeoutMs: 10_000,
  connectionsMax: 1_000,
  connectionsPerAddressMax: Number.POSITIVE_INFINITY,
  requestsInFlightMax: 100,
  streamResetsMax: 100,
  streamResetsWindowMs: 10_000,
};

/** How long a peer may take to notice that we closed before the socket is destroyed under it. */
export const LINGER_MS = 500;

/**
 * How often deadlines are looked at: often enough to miss none by more than a quarter, and once a
 * second in production, where a sweep over a thousand connections costs well under a millisecond.
 */
export function sweepIntervalMs(limits: ListenerLimits): number {
  const shortestMs = Math.min(
    limits.sniffTimeoutMs,
    limits.headersTimeoutMs,
    limits.requestTimeoutMs,
    limits.writeTimeoutMs,
    limits.sessionIdleTimeoutMs,
    limits.firstStreamTimeoutMs,
  );
  return Math.min(1_000, Math.max(10, Math.floor(shortestMs / 4)));
}

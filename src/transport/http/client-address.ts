import { BlockList, isIP, isIPv4, SocketAddress } from "node:net";
import { headerOf, isHttp2Request, type NodeRequest } from "./exchange.ts";

/** Whose request it is, by address, in the form of `normalAddress`; undefined once the peer has gone. */
export type ClientAddress = (request: NodeRequest) => string | undefined;

/**
 * The address of a request's client: the first of `X-Forwarded-For` where one of `trustedProxies`
 * (addresses and networks) sent it, otherwise that of the peer. Anybody can send the header, so that of
 * others counts for nothing. A trusted proxy must set it anew: one that appends lets clients choose the
 * first address.
 *
 * A header without an address, such as `unknown`, leaves the proxy's own.
 */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const isTrusted = createMembership(trustedProxies);
  return (request) => {
    const peer = normalAddress(peerAddress(request));
    if (peer === undefined || !isTrusted(peer)) return peer;
    const [first] = (headerOf(request, "x-forwarded-for") ?? "").split(",", 1);
    return normalAddress(first) ?? peer;
  };
}

/**
 * One spelling for one address: IPv6 as RFC 5952 writes it without a zone, an IPv4 address in IPv6
 * (`::ffff:192.0.2.1`, as dual-stack sockets tell it) as IPv4, and no port. Undefined for anything else.
 */
export function normalAddress(text: string | undefined): string | undefined {
  const bare = withoutPort((text ?? "").trim()).replace(/%.*$/, "");
  if (isIPv4(bare)) return bare;
  if (isIP(bare) === 0) return undefined;
  const { address } = new SocketAddress({ address: bare, family: "ipv6" });
  const mapped = address.replace(/^::ffff:/, "");
  return isIPv4(mapped) ? mapped : address;
}

/** Undefined once the connection has gone. */
function peerAddress(request: NodeRequest): string | undefined {
  if (!isHttp2Request(request)) return request.socket.remoteAddress;
  const { session } = request.stream;
  // The socket of a session that has ended throws when it is looked at.
  return session === undefined || session.destroyed ? undefined : session.socket.remoteAddress;
}

/** `192.0.2.1:8080` and `[2001:db8::1]:8080`, as some proxies write it. */
function withoutPort(text: string): string {
  return /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
}

/** Whether a normal address is one of these addresses, or in one of these networks. */
function createMembership(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", prefix] = network.split("/");
    const isV4 = isIPv4(address);
    list.addSubnet(address, Number(prefix ?? (isV4 ? 32 : 128)), isV4 ? "ipv4" : "ipv6");
  }
  return (address) => list.check(address, isIPv4(address) ? "ipv4" : "ipv6");
}

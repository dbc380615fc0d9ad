import { BlockList, isIPv4 } from "node:net";
import { headerOf, isHttp2Request, type NodeRequest } from "./exchange.ts";
import { normalAddress, readForwarded, readForwardedFor } from "./forwarded.ts";

/** Whose request it is, by address, in the form of `normalAddress`; undefined once the peer has gone. */
export type ClientAddress = (request: NodeRequest) => string | undefined;

/**
 * The address of a request's client: that of the peer, unless it is one of `trustedProxies` (addresses and
 * networks). Then it is whom that one had the request from, and so on back through every trusted proxy, each of
 * which has appended an entry to `X-Forwarded-For` or `Forwarded`. So it is the rightmost address that is not of a
 * trusted proxy: what stands further left came from there, and anybody can send that.
 *
 * A proxy that does not say whom it had a request from counts as the client. Where both headers are there and
 * disagree, one of them passed the proxies as the client wrote it, and neither counts.
 */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const isTrusted = createMembership(trustedProxies);
  return (request) => {
    const peer = normalAddress(peerAddress(request));
    if (peer === undefined || !isTrusted(peer)) return peer;
    const clients = [
      walkBack(peer, readForwardedFor(headerOf(request, "x-forwarded-for") ?? ""), isTrusted),
      walkBack(peer, readForwarded(headerOf(request, "forwarded") ?? ""), isTrusted),
    ].filter((client) => client !== undefined);
    const [client = peer, other = client] = clients;
    return client === other ? client : peer;
  };
}

/** Through trusted proxies to whoever is none, or says no more. Undefined where there is no entry at all. */
function walkBack(
  peer: string,
  hops: readonly (string | undefined)[],
  isTrusted: (address: string) => boolean,
): string | undefined {
  let client = peer;
  for (const hop of hops.toReversed()) {
    if (hop === undefined) break;
    client = hop;
    if (!isTrusted(hop)) break;
  }
  return hops.length === 0 ? undefined : client;
}

/** Undefined once the connection has gone. */
function peerAddress(request: NodeRequest): string | undefined {
  if (!isHttp2Request(request)) return request.socket.remoteAddress;
  const { session } = request.stream;
  // The socket of a session that has ended throws when it is looked at.
  return session === undefined || session.destroyed ? undefined : session.socket.remoteAddress;
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

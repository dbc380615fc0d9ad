import { isIPv4, isIPv6 } from "node:net";

/**
 * What is kept of an address: the network that it and some ten thousands are in, `203.0.0.0/16` or
 * `2001:db8::/32`. Undefined for what is no address.
 */
export function networkOf(address: string): string | undefined {
  if (isIPv4(address)) return `${address.split(".").slice(0, 2).join(".")}.0.0/16`;
  if (!isIPv6(address)) return undefined;
  const embedded = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (embedded !== undefined) return networkOf(embedded);
  const [head = ""] = address.split("::", 1);
  const [first = "", second = ""] = head.split(":");
  const group = (text: string) => Number.parseInt(text || "0", 16).toString(16);
  return `${group(first)}:${group(second)}::/32`;
}

const IPV4 = /(?:\d{1,3}\.){3}\d{1,3}/g;
/** What looks like an address, of either kind. No longer than one can be: a text of one letter would take hours. */
const ADDRESS = new RegExp(`${IPV4.source}|[0-9a-f]{0,4}:[0-9a-f:.]{0,43}[0-9a-f:]`, "gi");

/** A text with the network in the place of every address in it. */
export function hideAddresses(text: string): string {
  const hide = (found: string) => networkOf(found) ?? found;
  // What is none as a whole, such as one of IPv6 that ends in a word, may hold one of IPv4.
  return text.replace(ADDRESS, (found) => networkOf(found) ?? found.replace(IPV4, hide));
}

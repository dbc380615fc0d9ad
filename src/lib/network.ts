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

const IPV4 = /(?:\d{1,3}\.){3}\d{1,3}/;
/**
 * An address of IPv4, or groups between colons: where one of IPv6 begins and ends among them is for later.
 */
const CANDIDATE = new RegExp(`${IPV4.source}|[0-9a-f]{0,4}(?::(?:${IPV4.source}|[0-9a-f]*))+`, "gi");
/** What an address of IPv6 has between its colons, with an empty group or two where it has `::`. */
const GROUPS_MIN = 3;
const GROUPS_MAX = 9;

/** A text with the network in the place of every address in it. */
export function hideAddresses(text: string): string {
  return text.replace(CANDIDATE, (found) => networkOf(found) ?? hideAmong(found.split(":")));
}

/** A run of groups between colons may hold more than an address: `ip:2001:db8::1`, `2001:db8::1: refused`. */
function hideAmong(groups: readonly string[]): string {
  const parts: string[] = [];
  for (let at = 0, length = 1; at < groups.length; at += length) {
    length = lengthOfAddress(groups, at);
    const part = groups.slice(at, at + length).join(":");
    parts.push(networkOf(part) ?? part);
  }
  return parts.join(":");
}

/** How many groups the longest IPv6 address that begins there has; 1 where none begins. */
function lengthOfAddress(groups: readonly string[], at: number): number {
  for (let length = Math.min(GROUPS_MAX, groups.length - at); length >= GROUPS_MIN; length -= 1) {
    if (isIPv6(groups.slice(at, at + length).join(":"))) return length;
  }
  return 1;
}

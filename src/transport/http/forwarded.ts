import { isIP, isIPv4, SocketAddress } from "node:net";

/**
 * One entry of a proxy: whom it had its request from, in the form of `normalAddress`. Undefined where it does not
 * say: `unknown`, an obfuscated name (RFC 7239, 6), or what is no address at all.
 */
type Hop = string | undefined;

/** The entries of `X-Forwarded-For`, the nearest proxy's last; empty ones are left out, as in any list. */
export function readForwardedFor(header: string): readonly Hop[] {
  const items = header.split(",").map((item) => item.trim());
  return items.filter((item) => item !== "").map((item) => normalAddress(item.replace(/^"(.*)"$/, "$1")));
}

const TOKEN = /[\w!#$%&'*+.^`|~-]+/y;
/** A value may be a token, quoted, or what some write without the quotes that RFC 7239 demands: `[::1]:80`. */
const VALUE = /"((?:[^"\\]|\\.)*)"|([^\s",;]+)/y;
const SEPARATOR = /\s*(?:([,;])|$)\s*/y;

/**
 * The entries of `Forwarded` (RFC 7239), the nearest proxy's last. None where no proxy names a client: it is also
 * there to tell the host and the scheme alone. A header that is malformed anywhere names an unknown one: in a
 * client's unfinished quotation what the proxies behind it have added would be lost.
 */
export function readForwarded(header: string): readonly Hop[] {
  const hops: Hop[] = [];
  let element = new Map<string, string>();
  let hasClients = false;
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(header) ?? undefined;
    if (found !== undefined) at = pattern.lastIndex;
    return found;
  };
  const end = () => {
    if (element.size > 0) hops.push(normalAddress(element.get("for")));
    element = new Map();
  };
  while (at < header.length) {
    const name = take(TOKEN)?.[0]?.toLowerCase();
    if (name !== undefined) {
      if (header[at++] !== "=") return [undefined];
      const value = take(VALUE);
      if (value === undefined || element.has(name)) return [undefined];
      hasClients ||= name === "for";
      element.set(name, (value[1] ?? value[2] ?? "").replace(/\\(.)/g, "$1"));
    }
    const separator = take(SEPARATOR);
    if (separator === undefined) return [undefined];
    if (separator[1] === ",") end();
  }
  end();
  return hasClients ? hops : [];
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

/** `192.0.2.1:8080` and `[2001:db8::1]:8080`, as some proxies write it; a port may be obfuscated (`:_p`). */
function withoutPort(text: string): string {
  return /^\[([^\]]*)\](?::[\w.-]+)?$/.exec(text)?.[1] ?? /^([\d.]+):[\w.-]+$/.exec(text)?.[1] ?? text;
}

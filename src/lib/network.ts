import { isIPv4, isIPv6 } from "node:net";
import { foldText, type Replacement, replaceFolded } from "./folded-text.ts";

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
/** Groups with a digit that tell an address from the names around it where it touches a letter: `std::fs`. */
const DIGIT_GROUPS_MIN = 3;
/** A letter or digit, or what stands between the parts of names. */
const NAME_BEFORE = /(?:\w|::)$/;
const NAME_AFTER = /^(?:\w|::)/;
/** What four numbers are a version after: `v1.2.3.4`, `version: 1.2.3.4`. Of a product only in a User-Agent. */
const VERSION_BEFORE = /(?:^|[^a-z])(?:v|ver|version|release|rev|build)[\s:=/]{0,2}$/;
const PRODUCT_BEFORE = /[a-z]\/$/;

/** What the text is that addresses are looked for in. */
export interface HideOptions {
  /** A User-Agent: `Name/1.2.3.4` is a product and its version. */
  readonly isUserAgent?: boolean;
}

/**
 * A text with the network in the place of every address in it, however that is spelled. What is none stays: numbers
 * of versions, and names with colons between them.
 */
export function hideAddresses(text: string, { isUserAgent = false }: HideOptions = {}): string {
  if (!/\d.*\d|:/s.test(text)) return text;
  const folded = foldText(text);
  const found: Replacement[] = [];
  for (const { 0: candidate, index } of folded.text.matchAll(CANDIDATE))
    found.push(...addressesAmong(candidate.split(":"), index, folded.text, isUserAgent));
  return found.length === 0 ? text : replaceFolded(text, folded, found);
}

/** A run of groups between colons may hold more than an address: `ip:2001:db8::1`, `2001:db8::1: refused`. */
function addressesAmong(
  groups: readonly string[],
  index: number,
  text: string,
  isUserAgent: boolean,
): readonly Replacement[] {
  const found: Replacement[] = [];
  let start = index;
  for (let at = 0; at < groups.length; ) {
    const length = lengthOfAddress(groups, at, start, text);
    const part = groups.slice(at, at + length).join(":");
    const end = start + part.length;
    const around = [text.slice(Math.max(0, start - 12), start), text.slice(end, end + 2)] as const;
    const by = isIPv4(part) && isOfVersion(...around, isUserAgent) ? undefined : networkOf(part);
    if (by !== undefined) found.push({ start, end, by });
    at += length;
    start = end + 1;
  }
  return found;
}

/** How many groups the longest IPv6 address that begins there has; 1 where none begins. */
function lengthOfAddress(groups: readonly string[], at: number, start: number, text: string): number {
  for (let length = Math.min(GROUPS_MAX, groups.length - at); length >= GROUPS_MIN; length -= 1) {
    const tried = groups.slice(at, at + length);
    if (tried.every((group) => group === "") || !isIPv6(tried.join(":"))) continue;
    const end = start + tried.join(":").length;
    const touchesName =
      NAME_BEFORE.test(text.slice(Math.max(0, start - 2), start)) ||
      NAME_AFTER.test(text.slice(end, end + 2));
    const hasDigits = tried.filter((group) => /\d/.test(group)).length >= DIGIT_GROUPS_MIN;
    if (!touchesName || hasDigits || isIPv4(tried.at(-1) ?? "")) return length;
  }
  return 1;
}

/** Whether four numbers between dots are those of a version, or part of more than four. */
function isOfVersion(before: string, after: string, isUserAgent: boolean): boolean {
  if (/\d\.?$/.test(before) || /^\.?\d/.test(after)) return true;
  return VERSION_BEFORE.test(before) || (isUserAgent && PRODUCT_BEFORE.test(before));
}

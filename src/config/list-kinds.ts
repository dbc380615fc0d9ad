import { isIP } from "node:net";
import { httpUrl, type Kind, MASKED } from "./kinds.ts";

/** Most buckets of a histogram: each is a series for every combination of labels. */
const BUCKETS_MAX = 100;

/**
 * Increasing upper bounds of histogram buckets (Prometheus' `le`), without the last, which is `+Inf` always.
 */
export const bucketBounds: Kind<readonly number[]> = {
  expects: `up to ${BUCKETS_MAX} increasing positive numbers with commas between them`,
  parse(value) {
    const bounds = value.split(/\s*,\s*|\s+/).map(Number);
    const increasing = bounds.every((bound, i) => Number.isFinite(bound) && bound > (bounds[i - 1] ?? 0));
    return increasing && bounds.length <= BUCKETS_MAX ? bounds : undefined;
  },
};

/**
 * Origins as a browser sends them in `Origin`: scheme, host and port (RFC 6454). A closing slash, which no
 * browser sends, is dropped. `*` alone stands for every origin.
 */
export const origins: Kind<readonly string[]> = {
  expects: "* or a list of origins such as https://dashboard.example.com, with commas between them",
  parse(value) {
    const items = listItems(value);
    return items.length === 1 && items[0] === "*" ? items : mapAll(items, origin);
  },
};

/** The origin of an item, unless it is more than one: a path, a query, a user. */
function origin(item: string): string | undefined {
  const parsed = httpUrl.parse(item);
  const hasMore = parsed === undefined || `${parsed.origin}/` !== parsed.href;
  return hasMore ? undefined : parsed.origin;
}

/** IP addresses (`10.0.0.7`) and networks in CIDR notation (`10.0.0.0/8`, `fd00::/8`). */
export const networks: Kind<readonly string[]> = {
  expects: "a list of IP addresses and networks such as 10.0.0.0/8, with commas between them",
  parse: (value) => mapAll(listItems(value), (item) => (isNetwork(item) ? item : undefined)),
};

function isNetwork(item: string): boolean {
  const [address = "", prefix = "0", ...rest] = item.split("/");
  const version = isIP(address);
  return (
    version !== 0 && rest.length === 0 && /^\d{1,3}$/.test(prefix) && +prefix <= (version === 4 ? 32 : 128)
  );
}

/**
 * `name=value,name=value`, values percent-encoded where they must be, as OTEL_RESOURCE_ATTRIBUTES is defined
 * in https://opentelemetry.io/docs/specs/otel/resource/sdk/.
 */
export const attributes: Kind<Readonly<Record<string, string>>> = {
  expects: "a list of name=value pairs with commas between them",
  parse(value) {
    const pairs = mapAll(listItems(value), pair);
    return pairs === undefined ? undefined : Object.fromEntries(pairs);
  },
};

/**
 * `name=value` pairs in the same form, as OTEL_EXPORTER_OTLP_HEADERS is defined, but only what a header can
 * carry, names in lower case. Values hold credentials as a rule, so all of them are masked.
 */
export const headers: Kind<Readonly<Record<string, string>>> = {
  expects: "a list of header=value pairs with commas between them",
  parse(value) {
    const pairs = mapAll(listItems(value), pair);
    if (
      !pairs?.every(([name, content]) => /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\x20-\x7e]*$/.test(content))
    ) {
      return undefined;
    }
    return Object.fromEntries(pairs.map(([name, content]) => [name.toLowerCase(), content]));
  },
  mask: (value) => value.replace(/=[^,]*/g, `=${MASKED}`),
};

/** Name and decoded value; undefined for an item without a name or without `=`. */
function pair(item: string): readonly [string, string] | undefined {
  const [name = "", ...content] = item.split("=");
  if (name.trim() === "" || content.length === 0) return undefined;
  try {
    return [name.trim(), decodeURIComponent(content.join("=").trim())];
  } catch {
    // A percent sign without two hex digits: rejected like any other malformed pair.
    return undefined;
  }
}

/** Items between commas, trimmed; empty ones are skipped, as after a last comma. */
function listItems(value: string): string[] {
  return value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** Every item mapped, or undefined when one of them is invalid. */
function mapAll<T>(items: readonly string[], map: (item: string) => T | undefined): T[] | undefined {
  const mapped = items.map(map).filter((item) => item !== undefined);
  return mapped.length === items.length ? mapped : undefined;
}

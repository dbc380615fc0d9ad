/** What a setting's text must look like, and what it means. */
export interface Kind<T> {
  /** Completes "is not …" in a problem, and stands in README. Carries the range and the unit. */
  readonly expects: string;
  /** The meaning of a trimmed, non-empty text; undefined when it has none. */
  readonly parse: (text: string) => T | undefined;
  /**
   * Present when the text may hold a secret: how it looks to people. Such a text is never quoted in
   * a problem either, since problems reach logs.
   */
  readonly mask?: (text: string) => string;
}

/** Stands for a secret. */
export const MASKED = "********";
const SIZE_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  kib: 1024,
  mib: 1024 * 1024,
};
const TRUE_WORDS = ["true", "on", "yes", "1"];
const FALSE_WORDS = ["false", "off", "no", "0"];

/** Any text. `expects` says what it is for. */
export function text(expects: string): Kind<string> {
  return { expects, parse: (value) => value };
}

/** An address to listen on. Whether this machine has it is found out at listening. */
export const host: Kind<string> = {
  expects: "an address or host name",
  parse: (value) => (/^[\w.:%-]+$/.test(value) ? value : undefined),
};

/** `unit` stands after the range, for people only. */
export function integer(min: number, max: number, unit = ""): Kind<number> {
  return {
    expects: `a whole number from ${min} to ${max}${unit && ` ${unit}`}`,
    parse(value) {
      if (!/^\d{1,15}$/.test(value)) return undefined;
      return within(Number(value), min, max);
    },
  };
}

/** Written in seconds, decimals allowed; meant in whole milliseconds, which is what timers take. */
export function seconds(min: number, max: number): Kind<number> {
  return {
    expects: `a number of seconds from ${min} to ${max}`,
    parse(value) {
      if (!/^\d{1,12}(\.\d{1,12})?$/.test(value)) return undefined;
      const inRange = within(Number(value), min, max);
      return inRange === undefined ? undefined : Math.round(inRange * 1000);
    },
  };
}

/** In bytes. `KB` and `MB` are powers of ten and `KiB` and `MiB` of two, whatever the case of the letters. */
export function size(min: string, max: string): Kind<number> {
  const floor = bytes(min) ?? Number.NaN;
  const ceiling = bytes(max) ?? Number.NaN;
  return {
    expects: `a size from ${min} to ${max}, as in 512KB, 10MB, 10MiB or 10000000`,
    parse(value) {
      const parsed = bytes(value);
      return parsed === undefined ? undefined : within(parsed, floor, ceiling);
    },
  };
}

function bytes(value: string): number | undefined {
  const match = /^(\d{1,12}) ?([a-z]{0,3})$/i.exec(value);
  const unit = SIZE_UNITS[match?.[2]?.toLowerCase() ?? "none"];
  return unit === undefined ? undefined : Number(match?.[1]) * unit;
}

/** Yes or no, in the words people use in environments. */
export const flag: Kind<boolean> = {
  expects: "true or false (also on, off, yes, no, 1, 0)",
  parse(value) {
    const word = value.toLowerCase();
    if (TRUE_WORDS.includes(word)) return true;
    return FALSE_WORDS.includes(word) ? false : undefined;
  },
};

/** One of a few words, in any case. */
export function choice<const T extends string>(...words: readonly T[]): Kind<T> {
  return { expects: oneOf(words), parse: (value) => words.find((word) => word === value.toLowerCase()) };
}

function oneOf(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}

/** `user:password@` is not shown. */
export const httpUrl: Kind<URL> = {
  expects: "an http:// or https:// URL",
  parse(value) {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    return url?.protocol === "http:" || url?.protocol === "https:" ? url : undefined;
  },
  mask: maskUserInfo,
};

/** A URL whose form its reader judges, because the form decides between several problems. */
export function url(expects: string): Kind<string> {
  return { expects, parse: (value) => value, mask: maskUserInfo };
}

// By hand and not by URL: what is masked here need not be a valid URL. Parameters can hold tokens too.
function maskUserInfo(value: string): string {
  return value.replace(/\/\/.*@/, `//${MASKED}@`).replace(/\?.*$/, `?${MASKED}`);
}

/**
 * An API key as an HTTP header can carry it. Spaces at its ends never arrive, so they are trimmed with
 * those of every other setting.
 */
export const apiKey: Kind<string> = {
  expects: "a key of 16 to 256 printable ASCII characters",
  parse: (value) => (/^[\x20-\x7e]{16,256}$/.test(value) ? value : undefined),
  mask: () => MASKED,
};

function within(value: number, min: number, max: number): number | undefined {
  return value >= min && value <= max ? value : undefined;
}

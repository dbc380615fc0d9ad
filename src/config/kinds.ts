/**
 * What a setting's text must look like, and what it means. A kind is stateless: it says nothing of a
 * setting's name or default, and the same kind serves many.
 */
export interface Kind<T> {
  /** Completes "is not …" in a problem, and stands in README's table. Carries the range and the unit. */
  readonly expects: string;
  /** The value of a trimmed, non-empty text; undefined when the text is invalid. Never throws. */
  readonly parse: (text: string) => T | undefined;
  /**
   * Present when the text may hold a secret: how it looks to people. Such a text is never quoted in
   * a problem either, since problems reach logs.
   */
  readonly mask?: (text: string) => string;
}

/** Stands for a secret, whatever its length, in logs and in what `doctor` prints. */
export const MASKED = "********";
/** Bytes by unit, in lower case: SI units are powers of ten, IEC units (`kib`) of two. */
const SIZE_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  kib: 1024,
  mib: 1024 * 1024,
};
/** As operators write booleans, in any case; OpenTelemetry's own variables know `true` only. */
const TRUE_WORDS = ["true", "on", "yes", "1"];
const FALSE_WORDS = ["false", "off", "no", "0"];

/** Any text. `expects` says what it is for. */
export function freeText(expects: string): Kind<string> {
  return { expects, parse: (value) => value };
}

/**
 * An address to listen on. Only its characters are checked: whether this machine has it, listening will show.
 */
export const host: Kind<string> = {
  expects: "an address or host name",
  parse: (value) => (/^[\w.:%-]+$/.test(value) ? value : undefined),
};

/** From `min` to `max`, both included. `unit` stands after the range, for people only. */
export function wholeNumber(min: number, max: number, unit = ""): Kind<number> {
  return {
    expects: `a whole number from ${min} to ${max}${unit && ` ${unit}`}`,
    parse(value) {
      if (!/^\d{1,15}$/.test(value)) return undefined;
      return within(Number(value), min, max);
    },
  };
}

/**
 * Written in seconds, decimals allowed, from `min` to `max`; the value is in whole milliseconds, which is
 * what timers take.
 */
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

/**
 * A size from `min` to `max`; the value is in bytes. `KB` and `MB` are powers of ten and `KiB` and `MiB` of
 * two, whatever the case of the letters.
 */
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

/** Bytes of `10MB` or `512`; undefined for anything else. */
function bytes(value: string): number | undefined {
  const match = /^(\d{1,12}) ?([a-z]{0,3})$/i.exec(value);
  const unit = SIZE_UNITS[match?.[2]?.toLowerCase() ?? "none"];
  return unit === undefined ? undefined : Number(match?.[1]) * unit;
}

/** Yes or no, in the words people use in environments. */
export const onOff: Kind<boolean> = {
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

/** `a, b or c`. */
function oneOf(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}

/** A URL of HTTP. It may hold `user:password@`, and tokens as parameters, which are masked. */
export const httpUrl: Kind<URL> = {
  expects: "an http:// or https:// URL",
  parse(value) {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    return url?.protocol === "http:" || url?.protocol === "https:" ? url : undefined;
  },
  mask: maskUserInfo,
};

/** A URL that its reader parses, because several problems are told apart there. */
export function url(expects: string): Kind<string> {
  return { expects, parse: (value) => value, mask: maskUserInfo };
}

// By hand and not with URL: what is masked here may be an invalid URL, and must be masked all the same.
function maskUserInfo(value: string): string {
  return value.replace(/\/\/.*@/, `//${MASKED}@`).replace(/\?.*$/, `?${MASKED}`);
}

/**
 * An API key as an HTTP header can carry it (RFC 9110 section 5.5). Spaces at the ends of a header are not
 * part of its value, so they are trimmed here as in every other setting. 16 characters are the least that is
 * accepted because a key that people choose can be guessed.
 */
export const apiKey: Kind<string> = {
  expects: "a key of 16 to 256 printable ASCII characters",
  parse: (value) => (/^[\x20-\x7e]{16,256}$/.test(value) ? value : undefined),
  mask: () => MASKED,
};

/** The number, if it is in the range. */
function within(value: number, min: number, max: number): number | undefined {
  return value >= min && value <= max ? value : undefined;
}

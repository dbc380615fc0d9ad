/**
 * Length in Unicode code points, as every limit counts: as Python's `len` and SQL's `length` do, so that a
 * text has the same length on both sides.
 */
export function codePoints(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length - 1; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit >= 0xd800 && unit <= 0xdbff) {
      const next = text.charCodeAt(at + 1);
      if (next >= 0xdc00 && next <= 0xdfff) count -= 1;
    }
  }
  return count;
}

/** Whether `text` has more than `max` code points; the common case costs one comparison. */
export function isLongerThan(text: string, max: number): boolean {
  return text.length > max && codePoints(text) > max;
}

/** The first `max` code points of a text; no pair of surrogates is cut in its middle. */
export function cutTo(text: string, max: number): string {
  return isLongerThan(text, max)
    ? Array.from(text.slice(0, 2 * max))
        .slice(0, max)
        .join("")
    : text;
}

/**
 * `value` for an error message, as JSON, of at most 80 characters: a client cannot make the service echo a
 * megabyte. Never throws, whatever the value.
 */
export function quote(value: unknown): string {
  let text: string | undefined;
  try {
    // An invalid Date is what an out-of-range protobuf timestamp becomes; its JSON would be "null".
    const isOutsideJson =
      typeof value === "number" || (value instanceof Date && Number.isNaN(value.getTime()));
    text = isOutsideJson ? String(value) : JSON.stringify(value);
  } catch {
    // Nested too deeply to be printed; that it is odd is all the message needs to say.
  }
  text ??= String(typeof value);
  return text.length > 80 ? `${text.slice(0, 79).toWellFormed()}…` : text;
}

/**
 * A decimal number as text. Every digit can be matched in one way only: `\d+\.?\d*` would backtrack for hours over
 * a megabyte of digits.
 */
const NUMERIC = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

/**
 * What REST takes where a number belongs, as the predecessor did: also a number as text, and true and false, which
 * are 1 and 0. Anything else comes back as it is.
 */
export function readNumber(value: unknown): unknown {
  if (typeof value === "string") return NUMERIC.test(value) ? Number(value) : value;
  return typeof value === "boolean" ? Number(value) : value;
}

/**
 * Text as a person reads it, whichever way it is spelled: in capitals, percent-encoded (`%40`, also twice), as an
 * entity of HTML or an escape of JSON, composed or in full width. For searching texts for what must not be kept; each
 * place that is found leads back to the text as it was.
 */
export interface FoldedText {
  readonly text: string;
  /** Where in the original each of its UTF-16 units begins, and behind the last where the original ends. */
  readonly starts: readonly number[];
}

/** A part of a folded text that something else takes the place of. */
export interface Replacement {
  /** Offsets in the folded text; `end` is behind its last unit. */
  readonly start: number;
  readonly end: number;
  readonly by: string;
}

/** Encoded more often, a text is left as it is. */
const PASSES_MAX = 3;
/** ASCII that holds nothing encoded: all that most texts are. */
const PLAIN = /^[\0-!#-$'-[\]-\x7f"]*$/;
/** A run of percent-encoded bytes, an entity by its number, an escape. */
const ENCODED = /(?:%[0-9a-f]{2})+|&#(?:\d{1,7}|x[0-9a-f]{1,6});|\\u[0-9a-f]{4}/gi;

export function foldText(original: string): FoldedText {
  if (PLAIN.test(original)) {
    const starts = Array.from({ length: original.length + 1 }, (_, at) => at);
    return { text: original.toLowerCase(), starts };
  }
  let folded: FoldedText = {
    text: original,
    starts: Array.from({ length: original.length + 1 }, (_, at) => at),
  };
  for (let pass = 0; pass < PASSES_MAX && /[%&\\]/.test(folded.text); pass += 1) folded = decodeOnce(folded);
  return fromPieces(
    Array.from(folded.text.matchAll(/./gsu), ({ 0: character, index }) => ({
      text: character.normalize("NFKD").toLowerCase(),
      start: folded.starts[index] ?? 0,
    })),
    original.length,
  );
}

/** The original with something else in the place of parts of its folded form, which are in order and apart. */
export function replaceFolded(
  original: string,
  { starts }: FoldedText,
  replacements: readonly Replacement[],
): string {
  const parts: string[] = [];
  let kept = 0;
  for (const { start, end, by } of replacements) {
    parts.push(original.slice(kept, starts[start]), by);
    kept = starts[end] ?? original.length;
  }
  return parts.join("") + original.slice(kept);
}

/** A piece of a folded text, all of whose units stand for what begins at `start` in the original. */
interface Piece {
  readonly text: string;
  readonly start: number;
}

function fromPieces(pieces: readonly Piece[], end: number): FoldedText {
  const starts: number[] = [];
  for (const { text, start } of pieces) for (let at = 0; at < text.length; at += 1) starts.push(start);
  starts.push(end);
  return { text: pieces.map(({ text }) => text).join(""), starts };
}

function decodeOnce({ text, starts }: FoldedText): FoldedText {
  const pieces: Piece[] = [];
  const startOf = (at: number) => starts[at] ?? 0;
  const keep = (from: number, to: number) => {
    for (let at = from; at < to; at += 1) pieces.push({ text: text[at] ?? "", start: startOf(at) });
  };
  let kept = 0;
  for (const { 0: encoded, index } of text.matchAll(ENCODED)) {
    const decoded = encoded.startsWith("%") ? decodeBytes(encoded) : decodeNumber(encoded);
    if (decoded === undefined) continue;
    keep(kept, index);
    let at = index;
    for (const character of decoded) {
      pieces.push({ text: character, start: startOf(at) });
      // The bytes of a character, each of three characters; anything else is one.
      at += 3 * Buffer.byteLength(character);
    }
    kept = index + encoded.length;
  }
  keep(kept, text.length);
  return fromPieces(pieces, starts.at(-1) ?? 0);
}

/** Undefined for what is no UTF-8. */
function decodeBytes(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

function decodeNumber(encoded: string): string | undefined {
  const digits = encoded.replace(/[&#;\\u]/gi, "");
  const isHex = encoded.startsWith("\\") || /^x/i.test(digits);
  const code = Number.parseInt(digits.replace(/^x/i, ""), isHex ? 16 : 10);
  return code <= 0x10ffff ? String.fromCodePoint(code).toWellFormed() : undefined;
}

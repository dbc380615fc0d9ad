import { closeSync, openSync, readSync } from "node:fs";

/** Bytes that are read at once. */
const CHUNK_BYTES = 256 * 1024;

/** The text of a file, piece by piece; what is no UTF-8 becomes U+FFFD, and a byte order mark is left out. */
export function* readTextOf(path: string): Generator<string, void> {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(CHUNK_BYTES);
    const decoder = new TextDecoder("utf-8");
    for (;;) {
      const count = readSync(file, bytes, 0, CHUNK_BYTES, null);
      const text = decoder.decode(bytes.subarray(0, count), { stream: count > 0 });
      if (text !== "") yield text;
      if (count === 0) return;
    }
  } finally {
    closeSync(file);
  }
}

/** A place in a text that comes in pieces, of which it holds no more than it was asked to look at. */
export class TextCursor {
  readonly #pieces: Iterator<string>;
  #text = "";
  #at = 0;

  constructor(pieces: Iterable<string>) {
    this.#pieces = pieces[Symbol.iterator]();
  }

  /** The next character, which stays; "" at the end. */
  peek(): string {
    while (this.#at >= this.#text.length && this.#fill());
    return this.#text[this.#at] ?? "";
  }

  /**
   * What `pattern`, a sticky one, matches here; undefined where it does not. Reads on as long as the match may
   * become longer, or may still come, so that a pattern must only be tried where it is known to begin. Of a text that
   * is cut off anywhere it must match all, or nothing: a shorter match would be taken for the whole.
   */
  take(pattern: RegExp): string | undefined {
    for (;;) {
      pattern.lastIndex = this.#at;
      const found = pattern.exec(this.#text)?.[0];
      const end = this.#at + (found?.length ?? 0);
      const isWhole = found !== undefined && end < this.#text.length;
      if (!isWhole && this.#fill()) continue;
      if (found !== undefined) this.#at = end;
      return found;
    }
  }

  /** Up to `mark`, which is passed over; undefined where it does not come. */
  takeUntil(mark: string): string | undefined {
    for (let from = this.#at; ; ) {
      const end = this.#text.indexOf(mark, from);
      if (end !== -1) {
        const found = this.#text.slice(this.#at, end);
        this.#at = end + mark.length;
        return found;
      }
      const seen = this.#text.length - this.#at;
      if (!this.#fill()) return undefined;
      // The mark may be divided between two pieces.
      from = Math.max(this.#at, this.#at + seen - mark.length + 1);
    }
  }

  /** Whether there was another piece; what has been passed over is let go. */
  #fill(): boolean {
    const { done, value } = this.#pieces.next();
    if (done === true) return false;
    this.#text = this.#text.slice(this.#at) + value;
    this.#at = 0;
    return true;
  }
}

import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { JsonCutter, type JsonPiece } from "./json-cutter.ts";
import { jsonDecoder } from "./text.ts";

/** JSON that was parsed, and which lists and objects of it are large: each of the others stood in one piece. */
export interface ParsedJson {
  readonly value: unknown;
  readonly large: ReadonlySet<unknown>;
}

/** As much is parsed within a millisecond or two, whatever it holds. */
const PIECE_BYTES = 64 * 1024;

/** A list or object of the value that is being put together. */
type Container = unknown[] | Record<string, unknown>;

/** Keys of what stands in an object for what came before a piece, and comes behind it. No client knows them. */
const BEFORE = randomUUID();
const BEHIND = randomUUID();

/**
 * Parse JSON piece by piece, with a yield to the event loop behind each: a body of megabytes does not delay other
 * requests for as long as `JSON.parse` would take for all of it. The value is the same, and so is what is no JSON.
 *
 * Each piece is completed to a JSON text of its own: before it stands what opens the lists and objects that it
 * begins in, behind it what closes those that it ends in, and next to either a filler, so that a comma too many
 * is one in the piece, too. What the text holds is then added to the containers that are open.
 *
 * @param parse `JSON.parse`, or one that takes more
 * @throws {SyntaxError}
 */
export async function parsePiecewise(
  bytes: Uint8Array,
  parse: (text: string) => unknown,
  pieceBytes = PIECE_BYTES,
): Promise<ParsedJson> {
  const cutter = new JsonCutter(bytes, pieceBytes);
  const assembly = new Assembly(bytes, parse);
  let piece = cutter.next();
  assembly.add(piece);
  while (!piece.isLast) {
    await setImmediate();
    piece = cutter.next();
    assembly.add(piece);
  }
  return assembly.end();
}

class Assembly {
  readonly #bytes: Uint8Array;
  readonly #parse: (text: string) => unknown;
  readonly #whole: unknown[] = [];
  readonly #large = new Set<unknown>();
  /** What is open, outermost first. */
  #path: readonly Container[] = [this.#whole];
  /** Of the last open value, the member that is a string cut in its middle. */
  #cutMember: string | undefined;

  constructor(bytes: Uint8Array, parse: (text: string) => unknown) {
    this.#bytes = bytes;
    this.#parse = parse;
  }

  add(piece: JsonPiece): void {
    const content = this.#bytes.subarray(piece.start, piece.end);
    const text = piece.start === 0 ? jsonDecoder.decode(content) : jsonDecoder.decodeWithin(content);
    this.#merge(this.#parse(this.#opening() + text + closing(piece)), 0);
    this.#path = this.#pathTo(piece);
    const innermost = this.#path.at(-1) as Container;
    this.#cutMember = piece.endsInString ? this.#lastKey(innermost, piece.open.length - 1, piece) : undefined;
    if (!piece.isLast && !piece.endsInString) removeFiller(innermost);
    for (const container of this.#path) this.#large.add(container);
  }

  /** @throws {SyntaxError} for no value, and for two. */
  end(): ParsedJson {
    if (this.#whole.length !== 1) throw new SyntaxError("it is not one value");
    return { value: this.#whole[0], large: this.#large };
  }

  /** What makes the next piece begin where the last one has ended. */
  #opening(): string {
    const opened = this.#path.map((open) => (isList(open) ? "[" : `{"${BEFORE}":`));
    return opened.join("") + (this.#cutMember === undefined ? "0," : '"');
  }

  /** Add what a piece holds of an open value, and of those within. What stands first in it was there before. */
  #merge(part: unknown, depth: number): void {
    const open = this.#path[depth] as Container;
    const isInnermost = depth === this.#path.length - 1;
    const first = isList(part) ? part[0] : (part as Record<string, unknown>)[BEFORE];
    if (!isInnermost) this.#merge(first, depth + 1);
    else if (this.#cutMember !== undefined) {
      const key = this.#cutMember as keyof Container;
      setMember(open, key, `${open[key]}${first}`);
    }
    if (isList(open))
      for (let at = 1; at < (part as unknown[]).length; at += 1) open.push((part as unknown[])[at]);
    else {
      for (const [key, value] of Object.entries(part as object))
        if (key !== BEFORE) setMember(open, key, value);
    }
  }

  #pathTo(piece: JsonPiece): readonly Container[] {
    const path = this.#path.slice(0, piece.kept);
    while (path.length < piece.open.length) {
      const parent = path.at(-1) as Container;
      path.push(parent[this.#lastKey(parent, path.length - 1, piece) as keyof Container] as Container);
    }
    return path;
  }

  /** Under which key an open value has its last member, the filler not counted. */
  #lastKey(container: Container, depth: number, { open }: JsonPiece): string {
    if (isList(container)) return String(container.length - 1);
    const { keyStart, keyEnd } = open[depth] as { keyStart: number; keyEnd: number };
    return JSON.parse(jsonDecoder.decodeWithin(this.#bytes.subarray(keyStart, keyEnd)));
  }
}

/** What ends a piece, and whatever is open then. */
function closing({ open, endsInString, isLast }: JsonPiece): string {
  const filler = open.at(-1)?.isList ? "0" : `"${BEHIND}":0`;
  const end = endsInString ? '"' : isLast ? "" : filler;
  return (
    end +
    open
      .map(({ isList }) => (isList ? "]" : "}"))
      .reverse()
      .join("")
  );
}

function removeFiller(container: Container): void {
  if (isList(container)) container.pop();
  else delete container[BEHIND];
}

function setMember(container: Container, key: string, value: unknown): void {
  // Assigning to it would set the prototype.
  if (key === "__proto__")
    Object.defineProperty(container, key, { value, writable: true, enumerable: true, configurable: true });
  else (container as Record<string, unknown>)[key] = value;
}

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}

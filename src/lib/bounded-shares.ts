/** What one owner has filled. */
export interface FilledShare<Content> {
  /** Replaced by an empty one when it is forgotten. */
  content: Content;
  /** What `content` takes in memory, roughly. */
  bytes: number;
}

/** Some thousand combinations of dimensions of a hundred characters each. */
const SHARE_BYTES_MAX = 4_000_000;
const BYTES_MAX = 32_000_000;

/**
 * What is remembered for several owners, bounded in bytes: each share by itself, and all together. What exceeds
 * is forgotten share by share, and with its owner's alone: whoever floods meets its own things anew, and nobody
 * else's. Where many together are too large, the largest goes first.
 *
 * By bytes, since a count that is right for honest values is some hundred megabytes of the longest ones.
 */
export class BoundedShares<Owner, Content> {
  readonly #create: () => Content;
  readonly #shares = new Map<Owner, FilledShare<Content>>();
  readonly #shareBytesMax: number;
  readonly #bytesMax: number;
  #bytes = 0;
  #exceeds = false;

  constructor(create: () => Content, shareBytesMax = SHARE_BYTES_MAX, bytesMax = BYTES_MAX) {
    this.#create = create;
    this.#shareBytesMax = shareBytesMax;
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  of(owner: Owner): FilledShare<Content> {
    const known = this.#shares.get(owner);
    if (known !== undefined) return known;
    const share = { content: this.#create(), bytes: 0 };
    this.#shares.set(owner, share);
    return share;
  }

  /** Note that `share`, one of these, holds so many bytes more. */
  grow(share: FilledShare<Content>, bytes: number): void {
    share.bytes += bytes;
    this.#bytes += bytes;
    this.#exceeds ||= share.bytes > this.#shareBytesMax || this.#bytes > this.#bytesMax;
  }

  /** Empty shares until the others are within bounds; returns whose. To be called when nothing is being filled. */
  forgetExcess(): readonly Owner[] {
    if (!this.#exceeds) return [];
    const forgotten: Owner[] = [];
    for (const [owner, share] of [...this.#shares].sort(([, a], [, b]) => b.bytes - a.bytes)) {
      if (share.bytes <= this.#shareBytesMax && this.#bytes <= this.#bytesMax) break;
      this.#empty(share);
      forgotten.push(owner);
    }
    this.#exceeds = false;
    return forgotten;
  }

  forget(owner: Owner): void {
    this.#empty(this.of(owner));
  }

  #empty(share: FilledShare<Content>): void {
    this.#bytes -= share.bytes;
    share.bytes = 0;
    // Let go of, not cleared: the collector frees it bit by bit.
    share.content = this.#create();
  }
}

const WIDE = /[^\0-\xff]/;

/** Bytes of a text on the heap, roughly. */
export function bytesOfText(text: string): number {
  return WIDE.test(text) ? 2 * text.length : text.length;
}

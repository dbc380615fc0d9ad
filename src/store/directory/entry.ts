/** What the directory stores, on its way to the writer thread: plain values that can be cloned. */
import type { IdempotencyRecord } from "../metrics.ts";

/** One metric of a server. */
export interface ServerPoint {
  readonly name: string;
  readonly type: string;
  /** When it was measured, ms since 1970 UTC. */
  readonly timestampMs: number;
  readonly value: number;
  /** JSON object; undefined: none. */
  readonly tags: string | undefined;
}

/** Who wrote an event down. */
export type EventRecorder = "service" | "server" | "admin";

/** Something that happened to a server. */
export interface ServerEvent {
  readonly serverId: string;
  readonly type: string;
  readonly previousValue: string | undefined;
  readonly newValue: string | undefined;
  /** JSON object. */
  readonly details: string;
  readonly recordedBy: EventRecorder;
  /** When it happened, ms since 1970 UTC. */
  readonly timestampMs: number;
}

/** Somebody did something with a server. Nothing in it tells who. */
export interface ServerUse {
  readonly serverId: string;
  /** HMAC; undefined: not told. */
  readonly userId: string | undefined;
  readonly action: string;
  readonly toolId: string | undefined;
  /** JSON objects. */
  readonly details: string;
  readonly clientInfo: string;
  readonly timestampMs: number;
}

/** What one request adds to a transaction. */
export interface DirectoryEntry {
  /** Number of the server that `points` are of. */
  readonly server: number | undefined;
  readonly points: readonly ServerPoint[];
  /** Whether the server itself sent them. */
  readonly isCollected: boolean;
  readonly events: readonly ServerEvent[];
  readonly uses: readonly ServerUse[];
  readonly receivedMs: number;
  /** What the request is remembered by for a day, and whose key sent it. */
  readonly idempotency: (IdempotencyRecord & { readonly apiKeyId: number }) | undefined;
}

/** Gathers entries into batches. */
export class DirectoryBatches {
  #entries: DirectoryEntry[] = [];
  rowCount = 0;

  rowsOf({ points, events, uses }: DirectoryEntry): number {
    return points.length + events.length + uses.length;
  }

  add(entry: DirectoryEntry): void {
    this.#entries.push(entry);
    this.rowCount += this.rowsOf(entry);
  }

  isEmpty(batch: readonly DirectoryEntry[]): boolean {
    return batch.length === 0;
  }

  take(): readonly DirectoryEntry[] {
    const taken = this.#entries;
    this.#entries = [];
    this.rowCount = 0;
    return taken;
  }
}

import type { DailyUsage, UsageRecord, UsageRow } from "../store/keys.ts";

/** A request that was answered, failures included. */
export interface AnsweredCall {
  /** Undefined: nobody's key. 0: the local command line's, which is in no table. */
  readonly apiKeyId: number | undefined;
  /** A route template or an RPC's path: there are as many as the service has. */
  readonly endpoint: string;
  readonly status: number;
  /** From the first byte of the request to the last of the answer, in seconds. */
  readonly seconds: number;
  /** Of the request's body, as it was sent. */
  readonly bodyBytes: number;
}

/** Where a log takes its time from and where it stores. */
export interface UsageLogOptions {
  readonly wallMs: () => number;
  /** Stores all of a record or nothing. */
  readonly store: (record: UsageRecord, nowMs: number) => Promise<void>;
  /** What of the quotas is not stored yet; it is stored along with the log. */
  readonly unsavedUsage: () => readonly DailyUsage[];
  /** These are stored now. */
  readonly usageSaved: (days: readonly DailyUsage[]) => void;
}

/** Rows a transaction: a few ms of the writer's time, so that no commit waits long for it. */
const ROWS_PER_RECORD = 100;
/** Rows of minutes that are over. Where storage is down for so long, further minutes run into one row. */
const PAST_MAX = 10_000;

/** A row that is still being added to. */
type Cell = { -readonly [Name in keyof UsageRow]: UsageRow[Name] };

/**
 * Adds up what keys use, a cell for each key, endpoint, status and minute, to be stored by `flush` now and
 * then.
 *
 * What a flush stores is subtracted once it is stored, and not before: a failed flush needs no rollback, and
 * what is counted while one is under way belongs to the next.
 */
export class UsageLog {
  readonly #options: UsageLogOptions;
  /** By endpoint, then by key and status: of those there is a fixed number, whatever clients send. */
  readonly #current = new Map<string, Map<number, Cell>>();
  /** Of minutes that are over; nothing is added to these. */
  #past: Cell[] = [];
  #flushed: Promise<void> = Promise.resolve();

  constructor(options: UsageLogOptions) {
    this.#options = options;
  }

  /** Count an answer to a key that is stored. */
  readonly add = ({ apiKeyId, endpoint, status, seconds, bodyBytes }: AnsweredCall): void => {
    if (apiKeyId === undefined || apiKeyId === 0) return;
    const nowMs = this.#options.wallMs();
    const minuteMs = nowMs - (nowMs % 60_000);
    const cells = this.#current.get(endpoint) ?? this.#open(endpoint);
    // One number is looked up ten times as fast as the text of all three would be: this runs per request.
    const name = apiKeyId * 1000 + status;
    let cell = cells.get(name);
    if (cell === undefined || (cell.minuteMs !== minuteMs && this.#past.length < PAST_MAX)) {
      if (cell !== undefined) this.#past.push(cell);
      cell = {
        apiKeyId,
        endpoint,
        statusCode: status,
        minuteMs,
        requestCount: 0,
        bytesProcessed: 0,
        durationMs: 0,
        lastMs: nowMs,
      };
      cells.set(name, cell);
    }
    cell.requestCount += 1;
    cell.bytesProcessed += bodyBytes;
    cell.durationMs += seconds * 1000;
    cell.lastMs = nowMs;
  };

  /** Store all that was counted until now. When it fails, what was not stored is kept for the next time. */
  readonly flush = (): Promise<void> => {
    // One at a time, or two would store the same.
    const flushed = this.#flushed.then(() => this.#flush());
    this.#flushed = flushed.catch(() => {});
    return flushed;
  };

  async #flush(): Promise<void> {
    const { store, unsavedUsage, usageSaved, wallMs } = this.#options;
    const current = [...this.#current.values()].flatMap((cells) => [...cells.values()]);
    const cells = [...this.#past, ...current];
    const days = unsavedUsage();
    try {
      for (let at = 0; at < Math.max(cells.length, days.length); at += ROWS_PER_RECORD) {
        const counted = cells.slice(at, at + ROWS_PER_RECORD);
        const log = counted.map((cell) => ({ ...cell }));
        const daily = days.slice(at, at + ROWS_PER_RECORD);
        await store({ log, daily }, wallMs());
        for (const [index, cell] of counted.entries()) subtract(cell, log[index]);
        usageSaved(daily);
      }
    } finally {
      this.#past = this.#past.filter(({ requestCount }) => requestCount > 0);
      for (const cells of this.#current.values()) {
        for (const [name, { requestCount }] of cells) if (requestCount === 0) cells.delete(name);
      }
    }
  }

  #open(endpoint: string): Map<number, Cell> {
    const cells = new Map<number, Cell>();
    this.#current.set(endpoint, cells);
    return cells;
  }
}

/** Take off what was stored; more may have been counted meanwhile. */
function subtract(cell: Cell, stored: UsageRow | undefined): void {
  if (stored === undefined) return;
  cell.requestCount -= stored.requestCount;
  cell.bytesProcessed -= stored.bytesProcessed;
  cell.durationMs -= stored.durationMs;
}

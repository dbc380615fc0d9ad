/** What may stand in the details of an act. Never a secret. */
export type AuditDetails = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** An administrative act as it begins: who does what to what. */
export interface AuditTrace {
  readonly timestampMs: number;
  /** 0 for the command line on this machine, and for the service itself. */
  readonly apiKeyId: number;
  /** The service that the key belongs to. */
  readonly actor: string;
  /** Such as `key.create`. */
  readonly action: string;
  readonly target: string;
  readonly details: AuditDetails;
}

/** An act of the past. `outcome` is `ok`, `started` (and never ended), or the reason why it failed. */
export interface AuditEntry extends AuditTrace {
  /** Grows with every entry; the order of entries. */
  readonly id: number;
  /** Of the key it was done with, where one is known. */
  readonly apiKeyPrefix?: string;
  readonly outcome: string;
}

/**
 * The trail of administrative acts. Entries are only ever added, except that the outcome of one that spans
 * several transactions is filled in once it is known.
 *
 * An act that is one transaction passes its trace to the method that carries it out (`keys.create` and its
 * like): the act and its entry, with the outcome `ok`, are stored together or not at all.
 */
export interface AuditStore {
  /** Add an entry; resolves to its id. */
  record(trace: AuditTrace, outcome: string): Promise<number>;
  /** Set the outcome of an entry and add to its details. An id that is not there is ignored. */
  finish(id: number, outcome: string, details: AuditDetails): Promise<void>;
  /** Entries with ids below `beforeId` (undefined: all), newest first, at most `limit`. */
  list(beforeId: number | undefined, limit: number): Promise<readonly AuditEntry[]>;
}

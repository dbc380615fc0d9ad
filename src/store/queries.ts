/** From `startMs`, before `endMs`; ms since 1970 UTC, by the time something happened. */
export interface TimeRange {
  readonly startMs: number;
  readonly endMs: number;
}

/** A condition on a dimension. Values are compared as `dimensionText` spells them, "" for an absent one. */
export interface Filter {
  readonly dimension: string;
  readonly values: readonly string[];
  /** Whether the value must be none of them. */
  readonly isNegated: boolean;
}

/** Which measurements. Every filter must hold. */
export interface Selection {
  /** Names of the catalogue. */
  readonly types: readonly string[];
  readonly range: TimeRange;
  readonly filters: readonly Filter[];
  /**
   * Only what a writer of this service sees: its metrics, and of other services those that its writers' keys
   * wrote, by the key that is kept with each. The latter are read from single metrics, and end where those do.
   */
  readonly seenBy?: string | undefined;
}

export interface AggregateQuery extends Selection {
  /** Time between two points; undefined: one point for the whole range. */
  readonly stepMs: number | undefined;
  /** Dimensions; none: one group of everything. */
  readonly groupBy: readonly string[];
  /** Names that `parseStatistic` knows. */
  readonly statistics: readonly string[];
  /** Beyond, the query fails. */
  readonly groupsMax: number;
  /** Keep only the groups with the most of the first statistic. Without a step only. */
  readonly top?: number;
  /** Answer all groups as one, too. Without a step only. */
  readonly withTotals?: boolean;
}

export interface AggregateAnswer {
  /** What was answered: the range asked for, widened to what the sources can tell apart. */
  readonly range: TimeRange;
  /** By labels, ascending; with `top`, largest first. */
  readonly groups: readonly GroupAnswer[];
  readonly totals: Float64Array | undefined;
  readonly sources: readonly SourceUse[];
}

export interface GroupAnswer {
  /** The value of each dimension of `groupBy`, "" where it is absent. */
  readonly labels: readonly string[];
  /** All points of the first statistic, then all of the second … NaN where there is nothing to say. */
  readonly values: Float64Array;
}

/** `deleted`: retention has removed it, and nothing else tells of it. */
export type DataSource = "raw" | "hourly" | "daily" | "deleted";

export interface SourceUse {
  readonly types: readonly string[];
  readonly source: DataSource;
  readonly range: TimeRange;
}

/** A page of single metrics, in the order of time, then of arrival. */
export interface EventsQuery extends Selection {
  readonly order: "newest first" | "oldest first";
  /** `next` of the page before; undefined for the first. */
  readonly cursor: string | undefined;
  /** `moment` of the first page: what arrived after it is on no page. Undefined: now. */
  readonly moment: string | undefined;
  readonly limit: number;
  /** How long the texts of a page may be in all, in bytes; one metric comes in any case. Undefined: any length. */
  readonly bytesMax?: number;
}

export interface EventsAnswer {
  readonly events: readonly EventRow[];
  /** Where to go on; undefined at the end. */
  readonly next: string | undefined;
  /** To be passed on, so that all pages are of one moment. */
  readonly moment: string;
}

/** A measurement as it was submitted. */
export interface EventRow {
  readonly id: number;
  /** Arrival in s since 1970 UTC << 19 | sequence number, as 16 hex digits. */
  readonly request: string;
  readonly receivedMs: number;
  readonly service: string;
  readonly version: string;
  readonly instanceId: string;
  readonly type: string;
  readonly timestampMs: number;
  readonly value: number;
  /** The mean, where it stands for several. */
  readonly durationMs: number | undefined;
  /** How many measurements it stands for. */
  readonly count: number;
  /** JSON objects. */
  readonly dimensions: string;
  readonly metadata: string;
}

/** States in one answer. A composer has a few dozen; so many make an answer of some megabytes. */
export const LATEST_VALUES_MAX = 10_000;

/** Which states are asked for: what instances said last of what is the case. */
export interface LatestQuery {
  /** Undefined: of all. */
  readonly service: string | undefined;
  /**
   * Only instances that were heard of since, ms since 1970 UTC: a metric of any type that is told apart by
   * instances has come from them. What they had said before comes too.
   */
  readonly sinceMs: number;
  /** When there are more than `LATEST_VALUES_MAX`: fail, or leave the oldest out. */
  readonly beyond: "fail" | "leave out";
}

/** What an instance said last about something. */
export interface LatestValue {
  readonly service: string;
  /** '' when it did not say. */
  readonly instanceId: string;
  readonly type: string;
  /** As text, without those that are null or empty: whoever says nothing says the same in each spelling. */
  readonly dimensions: Readonly<Record<string, string>>;
  /** When it was so, and when it was heard of. */
  readonly timestampMs: number;
  readonly receivedMs: number;
  readonly value: number;
}

/** Who waits for the answer of a query. Without one: the service itself. */
export interface Asker {
  /** Whose query it is, where callers take turns: their key, or their network. */
  readonly caller: string;
  /** Gives up a query that nobody waits for any more; it rejects then as it likes. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Questions over metrics. Each sees one moment of the database, everything that was committed before it among
 * it, rolled up or not.
 *
 * Callers take turns: those who have used least are next, nobody holds more than a quarter of the places to
 * wait, and a short query does not wait for the end of a long one. The time limit counts the wait.
 *
 * @throws {ServiceError} `queue_full` when too many wait; `deadline_exceeded`; `validation_failed` for what only
 * the database could tell, such as a range that retention has deleted; `storage_unavailable`.
 */
export interface QueryStore {
  /** Statistics in groups, for one range or step by step. */
  aggregate(query: AggregateQuery, asker?: Asker): Promise<AggregateAnswer>;
  /**
   * One page of metrics as they were submitted; it may end before it is full, and is the last without `next`.
   *
   * @throws {ServiceError} `validation_failed` for a cursor or a moment that is none of the engine's.
   */
  events(query: EventsQuery, asker?: Asker): Promise<EventsAnswer>;
  /**
   * Oldest first, and in the order of arrival what happened at once. Of an instance that has signed off
   * nothing from before, but that it has.
   */
  latestValues(query: LatestQuery, asker?: Asker): Promise<readonly LatestValue[]>;
}

import type { Clock } from "../lib/clock.ts";
import { type ApiKeyRecord, type DailyUsage, type LearntOfKey, prefixOf } from "../store/keys.ts";
import { hashKey, KEY_LENGTH_MAX, legacyHashKey } from "./api-key.ts";
import type { Principal } from "./call.ts";
import { type Bucket, type BucketState, createBucket, readBucket, takeToken } from "./token-bucket.ts";
import { type ExceededQuota, QuotaUsage } from "./usage-quota.ts";

/** A key, valid or not, with its bucket and what it has used of its quotas. */
export interface KeyEntry {
  /** As the database has it. */
  readonly record: ApiKeyRecord;
  /** The record as calls carry it; made once, as every request needs it. */
  readonly principal: Principal;
  readonly bucket: Bucket;
  readonly usage: QuotaUsage;
}

/**
 * Every key, in memory: looking one up costs a hash and no query, so that a flood of wrong keys does
 * not reach the database. Buckets exist for known keys only, hence their number is bounded too.
 */
export class KeyRegistry {
  readonly #clock: Clock;
  readonly #byHash = new Map<string, KeyEntry>();
  readonly #byId = new Map<number, KeyEntry>();
  /** Keys that were found, as they were sent: hashing one anew for each request is 2 % of a Submit. */
  readonly #byKey = new Map<string, KeyEntry>();
  readonly #onLearnt: (apiKeyId: number, learnt: LearntOfKey) => void;
  /** Id → the hash of an upgraded key, whatever a record says that was read before that was stored. */
  readonly #upgraded = new Map<number, string>();
  /** By the id of the key, which survives a change of its record. */
  readonly #usageById = new Map<number, QuotaUsage>();

  /**
   * `usage`: what the keys have used of their quotas before. `onLearnt` is told what a key made
   * known when it was used: the hash that it has from now on, where it had the predecessor's, and its prefix.
   */
  constructor(
    clock: Clock,
    records: readonly ApiKeyRecord[],
    usage: readonly DailyUsage[] = [],
    onLearnt: (apiKeyId: number, learnt: LearntOfKey) => void = () => {},
  ) {
    this.#clock = clock;
    this.#onLearnt = onLearnt;
    const daysById = Map.groupBy(usage, ({ apiKeyId }) => apiKeyId);
    for (const [apiKeyId, days] of daysById) {
      const counted = days.map(({ day, requestCount }) => [day, requestCount] as const);
      this.#usageById.set(apiKeyId, new QuotaUsage(counted));
    }
    for (const record of records) this.put(record);
  }

  /**
   * Add a new or changed key; it holds from the next request on. A changed key keeps its bucket and its
   * usage. One that replaces a `predecessor` begins with that one's usage: rotating a key renews no quota.
   * While both are valid each has a bucket and a usage of its own.
   */
  put(record: ApiKeyRecord, predecessor?: ApiKeyRecord): void {
    const { id: apiKeyId, prefix, service, role, allowedServices, serverId } = record;
    const keyHash = this.#upgraded.get(apiKeyId) ?? record.keyHash;
    const bound = serverId !== undefined && { serverId };
    const named = prefix !== undefined && { prefix };
    const principal: Principal = { apiKeyId, service, role, allowedServices, ...bound, ...named };
    const known = this.#byHash.get(keyHash);
    const bucket = known?.bucket ?? createBucket(record.rateLimit, this.#clock.monotonicMs());
    const usage =
      this.#usageById.get(apiKeyId) ??
      (predecessor && this.#usageById.get(predecessor.id))?.copy() ??
      new QuotaUsage();
    this.#usageById.set(apiKeyId, usage);
    const entry = { record, principal, bucket, usage };
    this.#byHash.set(keyHash, entry);
    this.#byId.set(apiKeyId, entry);
    this.#byKey.clear();
  }

  /**
   * The entry of a key as its bearer sent it, if there is one.
   *
   * The lookup is by digest: whoever tries keys chooses the key and not its digest, so that the time a
   * lookup takes tells nothing about the keys that exist.
   */
  find(key: string): KeyEntry | undefined {
    const known = this.#byKey.get(key);
    if (known !== undefined || key.length > KEY_LENGTH_MAX) return known;
    const keyHash = hashKey(key);
    const found = this.#byHash.get(keyHash) ?? this.#upgrade(legacyHashKey(key), keyHash);
    if (found === undefined) return undefined;
    const entry = this.#withPrefix(found, key);
    this.#byKey.set(key, entry);
    return entry;
  }

  /** The entry of the key with that id, if there is one. */
  findById(apiKeyId: number): KeyEntry | undefined {
    return this.#byId.get(apiKeyId);
  }

  /** The entry that stands under a predecessor's hash, from now on under ours: only its bearer makes it known. */
  #upgrade(legacyHash: string, keyHash: string): KeyEntry | undefined {
    const entry = this.#byHash.get(legacyHash);
    if (entry === undefined) return undefined;
    this.#byHash.delete(legacyHash);
    this.#byHash.set(keyHash, entry);
    this.#upgraded.set(entry.record.id, keyHash);
    this.#onLearnt(entry.record.id, { keyHash });
    return entry;
  }

  /** The entry with its key's prefix, which was not stored when the key was made. */
  #withPrefix(entry: KeyEntry, key: string): KeyEntry {
    const prefix = entry.record.prefix === undefined ? prefixOf(key) : undefined;
    if (prefix === undefined) return entry;
    const record = { ...entry.record, prefix };
    this.put(record);
    this.#onLearnt(record.id, { prefix });
    return this.#byId.get(record.id) ?? entry;
  }

  /** By the wall clock. */
  isExpired({ record }: KeyEntry): boolean {
    return record.expiresMs !== undefined && record.expiresMs <= this.#clock.wallMs();
  }

  /** The quota that one more request would exceed, if there is one. */
  findExceededQuota({ usage, record }: KeyEntry): ExceededQuota | undefined {
    if (record.dailyUsageLimit === undefined && record.monthlyUsageLimit === undefined) return undefined;
    return usage.findExceeded(record, this.#clock.wallMs());
  }

  /** Whether there was a token. Only a request that got one counts against the quotas. */
  takeToken({ bucket, record, usage }: KeyEntry): boolean {
    const isTaken = takeToken(bucket, record.rateLimit, this.#clock.monotonicMs());
    if (isTaken) usage.count(this.#clock.wallMs());
    return isTaken;
  }

  /**
   * What keys have used of their quotas and is not stored yet. The key of the local command line is in no
   * table.
   */
  unsavedUsage(): readonly DailyUsage[] {
    return [...this.#usageById].flatMap(([apiKeyId, usage]) =>
      apiKeyId === 0 ? [] : usage.unsaved().map(([day, requestCount]) => ({ apiKeyId, day, requestCount })),
    );
  }

  /** These are stored now. */
  usageSaved(days: readonly DailyUsage[]): void {
    for (const { apiKeyId, day, requestCount } of days)
      this.#usageById.get(apiKeyId)?.saved(day, requestCount);
  }

  /** How a key's bucket stands now. */
  bucketState({ bucket, record }: KeyEntry): BucketState {
    return readBucket(bucket, record.rateLimit, this.#clock.monotonicMs());
  }

  /** Services and the tokens they have left, of the key that has fewest. */
  availableTokens(): Iterable<readonly [service: string, tokens: number]> {
    const fewest = new Map<string, number>();
    for (const entry of this.#byHash.values()) {
      const { isActive, service, id } = entry.record;
      if (!isActive || id === 0) continue;
      const { remaining } = this.bucketState(entry);
      fewest.set(service, Math.min(remaining, fewest.get(service) ?? remaining));
    }
    return fewest;
  }
}

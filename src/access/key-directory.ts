import type { Clock } from "../lib/clock.ts";
import type { ApiKeyRecord } from "../storage/key-store.ts";
import { hashKey, KEY_LENGTH_MAX } from "./api-key.ts";
import type { Principal } from "./call.ts";
import { type Bucket, type BucketState, createBucket, readBucket, takeToken } from "./token-bucket.ts";

/** A key in force or not, with its bucket. */
export interface KeyEntry {
  readonly record: ApiKeyRecord;
  readonly principal: Principal;
  readonly bucket: Bucket;
}

/**
 * Every key, in memory: looking one up costs a hash and no query, so that a flood of wrong keys does
 * not reach the database. Buckets exist for known keys only, hence their number is bounded too.
 */
export class KeyDirectory {
  readonly #clock: Clock;
  readonly #byHash = new Map<string, KeyEntry>();
  /** Keys that were found, as they were sent: hashing one anew for each request is 2 % of a Submit. */
  readonly #byKey = new Map<string, KeyEntry>();

  constructor(clock: Clock, records: readonly ApiKeyRecord[]) {
    this.#clock = clock;
    for (const record of records) this.put(record);
  }

  /** Take in a new or changed key; in force with the next request. A changed key keeps its bucket. */
  put(record: ApiKeyRecord): void {
    const { id: apiKeyId, service, role, allowedServices } = record;
    const principal: Principal = { apiKeyId, service, role, allowedServices };
    const known = this.#byHash.get(record.keyHash);
    const bucket = known?.bucket ?? createBucket(record.rateLimit, this.#clock.monotonicMs());
    this.#byHash.set(record.keyHash, { record, principal, bucket });
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
    const entry = this.#byHash.get(hashKey(key));
    if (entry !== undefined) this.#byKey.set(key, entry);
    return entry;
  }

  isExpired({ record }: KeyEntry): boolean {
    return record.expiresMs !== undefined && record.expiresMs <= this.#clock.wallMs();
  }

  takeToken({ bucket, record }: KeyEntry): boolean {
    return takeToken(bucket, record.rateLimit, this.#clock.monotonicMs());
  }

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

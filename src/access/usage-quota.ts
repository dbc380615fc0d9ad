import { DAY_MS } from "../lib/time.ts";
import { USAGE_DAYS_KEPT } from "../store/keys.ts";

/** A quota that is used up, and how long it stays so. */
export interface ExceededQuota {
  readonly reason: "daily_limit_exceeded" | "monthly_limit_exceeded";
  readonly limit: number;
  /** Until the next UTC day or month begins. */
  readonly resetMs: number;
}

/** Requests a UTC day and month; undefined: no limit. */
export interface Quotas {
  readonly dailyUsageLimit: number | undefined;
  readonly monthlyUsageLimit: number | undefined;
}

/**
 * The requests of one key, day by day (UTC).
 *
 * Every day keeps a number of its own, and the wall clock only says which one is meant. So a clock that
 * goes back finds what was counted on the day it comes back to, and one that had gone ahead by mistake
 * has used up nothing of today. A month is the sum of its days. Only a clock that runs ahead by more days
 * than are kept makes storage forget this month's, and a restart after that gives its quota once more.
 */
export class QuotaUsage {
  readonly #byDay: Map<number, number>;
  /** Days whose number is not stored yet. */
  readonly #unsaved = new Set<number>();
  /** The day that `#today` is of, and where it and its month end, ms since 1970 UTC. */
  #startMs = 0;
  #endMs = 0;
  #monthEndMs = 0;
  #today = 0;
  #month = 0;

  /** Days since 1970 UTC and their requests. */
  constructor(days: Iterable<readonly [day: number, requests: number]> = []) {
    this.#byDay = new Map(days);
  }

  /** Count a request. */
  count(nowMs: number): void {
    this.#turnTo(nowMs);
    this.#today += 1;
    this.#month += 1;
    const day = this.#startMs / DAY_MS;
    this.#byDay.set(day, this.#today);
    this.#unsaved.add(day);
  }

  /** Which quota the next request would exceed; of both, the one that lasts longer. */
  findExceeded({ dailyUsageLimit, monthlyUsageLimit }: Quotas, nowMs: number): ExceededQuota | undefined {
    this.#turnTo(nowMs);
    if (monthlyUsageLimit !== undefined && this.#month >= monthlyUsageLimit) {
      const resetMs = this.#monthEndMs - nowMs;
      return { reason: "monthly_limit_exceeded", limit: monthlyUsageLimit, resetMs };
    }
    if (dailyUsageLimit !== undefined && this.#today >= dailyUsageLimit) {
      return { reason: "daily_limit_exceeded", limit: dailyUsageLimit, resetMs: this.#endMs - nowMs };
    }
    return undefined;
  }

  /** Days whose requests are not stored yet, and all of them. */
  unsaved(): readonly (readonly [day: number, requests: number])[] {
    return [...this.#unsaved].map((day) => [day, this.#byDay.get(day) ?? 0]);
  }

  /** So many requests of a day are stored now; more may have come in the meantime. */
  saved(day: number, requests: number): void {
    if (this.#byDay.get(day) === requests) this.#unsaved.delete(day);
  }

  /** The same numbers for another key, none of them stored. */
  copy(): QuotaUsage {
    const copy = new QuotaUsage(this.#byDay);
    for (const day of this.#byDay.keys()) copy.#unsaved.add(day);
    return copy;
  }

  #turnTo(nowMs: number): void {
    if (nowMs >= this.#startMs && nowMs < this.#endMs) return;
    const day = Math.floor(nowMs / DAY_MS);
    const date = new Date(nowMs);
    const monthStartMs = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
    this.#startMs = day * DAY_MS;
    this.#endMs = this.#startMs + DAY_MS;
    this.#monthEndMs = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
    this.#today = this.#byDay.get(day) ?? 0;
    this.#month = 0;
    for (const [counted, requests] of this.#byDay) {
      const ms = counted * DAY_MS;
      if (ms >= monthStartMs && ms < this.#monthEndMs) this.#month += requests;
    }
    while (this.#byDay.size > USAGE_DAYS_KEPT) this.#forget(Math.min(...this.#byDay.keys()));
  }

  #forget(day: number): void {
    this.#byDay.delete(day);
    this.#unsaved.delete(day);
  }
}

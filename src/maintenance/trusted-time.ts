/**
 * The time by which retention deletes.
 *
 * A wall clock that jumps 90 days ahead must not cost 90 days of history, and nothing in the database tells
 * such a jump from a service that was down for a quarter. So time is followed: it goes on as the monotonic
 * clock does, from where it was saved last. A wall clock that is behind it is believed at once, which deletes
 * less. One that is ahead is believed after the service has run for a day with it: by the least that it was
 * ahead by in that day, so that a jump has its own day to be noticed in. Time between two runs cannot be
 * followed: up to a day of it is taken for granted, with a longer gap that day of running begins anew.
 *
 * Rejected: to believe the arrival of the newest metric, which is stamped by the same wrong clock.
 */

import type { Clock } from "../lib/clock.ts";
import { DAY_MS } from "../lib/time.ts";
import type { RetentionStore, TrustedTimeState } from "../store/retention.ts";

/** The state after `elapsedMs` of the monotonic clock, while the wall clock says `wallMs`. */
export function follow(state: TrustedTimeState, elapsedMs: number, wallMs: number): TrustedTimeState {
  const trustedMs = state.trustedMs + elapsedMs;
  const leadMs = wallMs - trustedMs;
  if (leadMs <= 0) return { trustedMs: wallMs, leadMs: undefined, aheadMs: 0 };
  const leastMs = Math.min(leadMs, state.leadMs ?? leadMs);
  const aheadMs = state.aheadMs + elapsedMs;
  if (aheadMs < DAY_MS) return { trustedMs, leadMs: leastMs, aheadMs };
  return { trustedMs: trustedMs + leastMs, leadMs: undefined, aheadMs: 0 };
}

/**
 * The state with which another run begins, `wallMs` being the wall clock at its start. How long the service
 * was down, only that clock says.
 */
export function resume(state: TrustedTimeState, wallMs: number): TrustedTimeState {
  const leadMs = wallMs - state.trustedMs;
  if (leadMs <= 0) return { trustedMs: wallMs, leadMs: undefined, aheadMs: 0 };
  const isLongGap = leadMs > (state.leadMs ?? 0) + DAY_MS;
  return { trustedMs: state.trustedMs, leadMs, aheadMs: isLongGap ? 0 : state.aheadMs };
}

/** Where the time that was followed is kept. */
export type TrustedTimeStore = Pick<RetentionStore, "readTrustedTime" | "saveTrustedTime">;

/**
 * The trusted time of a running service. It moves on whenever it is asked for, and is saved only by `follow`.
 */
export interface TrustedTime {
  /** Read the clocks, and save the state. */
  follow(): Promise<void>;
  /** ms since 1970 UTC, never after the wall clock. */
  nowMs(): number;
  /** How far the wall clock is ahead of it; 0 when it is believed. */
  leadMs(): number;
  /** Believe the wall clock at once, because an operator vouches for it (`retention run --force`); saved. */
  trustWall(): Promise<void>;
}

/** Begin with what an earlier run has saved; a new database believes the wall clock. */
export async function openTrustedTime(store: TrustedTimeStore, clock: Clock): Promise<TrustedTime> {
  const fresh = (): TrustedTimeState => ({ trustedMs: clock.wallMs(), leadMs: undefined, aheadMs: 0 });
  const saved = await store.readTrustedTime();
  let state = saved === undefined ? fresh() : resume(saved, clock.wallMs());
  let followedMs = clock.monotonicMs();
  function look(): void {
    const nowMs = clock.monotonicMs();
    state = follow(state, nowMs - followedMs, clock.wallMs());
    followedMs = nowMs;
  }
  return {
    async follow() {
      look();
      await store.saveTrustedTime(state);
    },
    nowMs() {
      look();
      return Math.floor(state.trustedMs);
    },
    leadMs() {
      look();
      return clock.wallMs() - state.trustedMs;
    },
    async trustWall() {
      look();
      state = fresh();
      await store.saveTrustedTime(state);
    },
  };
}

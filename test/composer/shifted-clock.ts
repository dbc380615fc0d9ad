import { type Clock, systemClock } from "../../src/lib/clock.ts";

/** A wall clock that stands still until it is moved; timers run as always, so that a service can live by it. */
export function createShiftedClock(): Clock & { readonly advance: (ms: number) => void } {
  let wallMs = systemClock.wallMs();
  return {
    ...systemClock,
    wallMs: () => wallMs,
    advance(ms) {
      wallMs += ms;
    },
  };
}

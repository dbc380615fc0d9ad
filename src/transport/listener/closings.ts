import type { Clock } from "../../lib/clock.ts";
import { networkOf } from "../../lib/network.ts";

/** Why a peer is cut off that does not keep to what the listener grants. */
export type Misconduct =
  | "too many stream resets"
  | "too many requests at once"
  | "a broken or flooded HTTP/2 session"
  | "too many connections"
  | "a request that did not come in time"
  | "an answer that was not taken";

/** How often it came to that since it was last told, and the network of the last one. */
export interface Closings {
  readonly why: Misconduct;
  readonly times: number;
  readonly network: string;
}

/** How long one reason is kept quiet about after it was told. An attack must not fill the log. */
const QUIET_MS = 60_000;

/**
 * Gathers what peers are cut off for: the first time is told at once, what follows within a minute together at its
 * end, so that the sum is right. No more of an address is told than `networkOf` leaves.
 */
export function gatherClosings(clock: Clock, tell: (closings: Closings) => void) {
  const gathered = new Map<Misconduct, { times: number; address: string }>();

  function open(why: Misconduct): void {
    gathered.set(why, { times: 0, address: "" });
    clock.after(QUIET_MS, () => {
      const { times = 0, address = "" } = gathered.get(why) ?? {};
      gathered.delete(why);
      if (times === 0) return;
      open(why);
      tell({ why, times, network: networkOf(address) ?? "unknown" });
    });
  }

  return (why: Misconduct, address: string): void => {
    const quiet = gathered.get(why);
    if (quiet !== undefined) {
      quiet.times += 1;
      quiet.address = address;
      return;
    }
    open(why);
    tell({ why, times: 1, network: networkOf(address) ?? "unknown" });
  };
}

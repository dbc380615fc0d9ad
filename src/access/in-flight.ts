import { ServiceError } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";

export interface InFlightOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Bytes of bodies that may be read, or wait for their answer, at once, over all connections. */
  readonly bytesMax: number;
  /**
   * Time that calls may wait for their answer before others are refused, in ms, besides two transactions: one
   * that has begun without them, and theirs.
   */
  readonly waitMsMax: number;
  /** How long the last transaction took, in ms: what a call waits for on an idle service with a slow disk. */
  readonly commitMs: () => number;
}

/** What a call takes while it is in flight. */
export interface HeldPlace {
  /** Bytes of its body, once they are announced, or as they arrive. @throws {ServiceError} `queue_full` */
  add(bytes: number): void;
  /** The body is whole: from here on the call waits for us. */
  received(): void;
  /**
   * The answer is made, or the client has left: it waits for us no longer, however long it takes to take what it
   * is sent. Again, it does nothing.
   */
  leave(): void;
}

/** Beyond this many times the wait, also callers are refused that have less in flight than others. */
const WAIT_FACTOR_MAX = 3;
/** Calls that wait on any service now and then, in a pause of the garbage collector or of the disk. */
const ALWAYS_TAKEN = 64;

/** Shorter than this a queue says nothing of how fast it moves, in ms. */
const BUSY_MS_MIN = 100;
/** Of a queue that is older only about so much is remembered, in ms. */
const BUSY_MS_MAX = 1000;

/** What one caller has in flight. */
interface Holding {
  bytes: number;
  calls: number;
  /** Of the calls those that wait, as `#waiting` counts them. */
  waiting: number;
}

/**
 * All calls that are in flight with a body: what is taken in is bounded by the memory and the time that it
 * will take, and decided when only the headers have been read, since a refusal later has cost both already.
 *
 * By time: once the oldest call has waited too long, or the next one would, the callers with the most waiting
 * calls are refused first; CoDel measures a queue in the same way, by how long its items stay (RFC 8289). Only
 * time counts in which the call waits for us, not for its client.
 *
 * By bytes: a caller may hold as much as it leaves, so that one caller alone gets half, two get a third each, and
 * something is always left for the next ("dynamic queue length thresholds", Choudhury and Hahne, 1998).
 */
export class InFlight {
  readonly #options: InFlightOptions;
  readonly #holdings = new Map<unknown, Holding>();
  /** When the body of each call that waits was whole; the oldest first. */
  readonly #waiting = new Map<HeldPlace, number>();
  /** Since when there has been a call that waits, and how many have been answered since. */
  #busySinceMs = 0;
  #answered = 0;
  /** Callers of which a call waits. */
  #waitingCallers = 0;
  #bytes = 0;

  constructor(options: InFlightOptions) {
    this.#options = options;
  }

  /** Bytes of bodies in flight. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Calls whose body is whole and that wait for their answer. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Take a call in that comes with a body.
   *
   * @param caller whose call it is: anything that is the same (`===`) for the same caller.
   * @param isTimed whether it is over in moments on a service that keeps up: an export or a long query neither
   *   says that calls wait too long, nor is rejected because they do.
   * @throws {ServiceError} `queue_full`
   */
  enter(caller: unknown, isTimed: boolean): HeldPlace {
    const holding = this.#holdings.get(caller) ?? { bytes: 0, calls: 0, waiting: 0 };
    if (isTimed && this.#waiting.size >= ALWAYS_TAKEN && this.#isOverdue(holding)) throw tooMuch("calls");
    holding.calls += 1;
    this.#holdings.set(caller, holding);
    let held = 0;
    let isOpen = true;
    const giveBack = () => {
      this.#bytes -= held;
      holding.bytes -= held;
      held = 0;
    };
    const place: HeldPlace = {
      add: (more) => {
        if (!isOpen) return;
        try {
          this.#reserve(holding, held, more);
          held += more;
        } catch (error) {
          // Given back at once: of bodies that arrive side by side some are to fit.
          giveBack();
          throw error;
        }
      },
      received: () => {
        // What is left of the body of a call that has been answered arrives after it.
        if (!isOpen || !isTimed || this.#waiting.has(place)) return;
        const nowMs = this.#options.clock.monotonicMs();
        if (this.#waiting.size === 0) {
          this.#busySinceMs = nowMs;
          this.#answered = 0;
        }
        this.#waiting.set(place, nowMs);
        holding.waiting += 1;
        if (holding.waiting === 1) this.#waitingCallers += 1;
      },
      leave: () => {
        if (!isOpen) return;
        isOpen = false;
        if (this.#waiting.delete(place)) {
          this.#answered += 1;
          holding.waiting -= 1;
          if (holding.waiting === 0) this.#waitingCallers -= 1;
        }
        giveBack();
        holding.calls -= 1;
        if (holding.calls === 0) this.#holdings.delete(caller);
      },
    };
    return place;
  }

  /** Whether calls wait too long for one more of this caller to be taken in. */
  #isOverdue({ waiting }: Holding): boolean {
    const [oldestMs = 0] = this.#waiting.values();
    const nowMs = this.#options.clock.monotonicMs();
    const waitMs = Math.max(nowMs - oldestMs, this.#expectedMs(nowMs));
    const { waitMsMax, commitMs } = this.#options;
    const allowedMs = waitMsMax + 2 * commitMs();
    if (waitMs <= allowedMs) return false;
    if (waitMs > WAIT_FACTOR_MAX * allowedMs) return true;
    return waiting >= this.#waiting.size / this.#waitingCallers;
  }

  /**
   * How long one more would wait, as fast as calls have been answered since they began to queue (Little's law). The
   * age of the oldest tells it when it is too late: all that was taken until then waits as long.
   */
  #expectedMs(nowMs: number): number {
    const busyMs = nowMs - this.#busySinceMs;
    if (busyMs < BUSY_MS_MIN || this.#answered === 0) return 0;
    const expectedMs = (this.#waiting.size * busyMs) / this.#answered;
    if (busyMs > BUSY_MS_MAX) {
      this.#busySinceMs += busyMs / 2;
      this.#answered /= 2;
    }
    return expectedMs;
  }

  /** Take bytes for a call that holds `held` already. What is left afterwards must be as much as its caller has. */
  #reserve(holding: Holding, held: number, bytes: number): void {
    const left = this.#options.bytesMax - this.#bytes - bytes;
    // A body that is larger than half of what there is can be taken as long as it is alone.
    const isAlone = this.#bytes === held;
    if (holding.bytes + bytes > left && !isAlone) throw tooMuch("bytes");
    holding.bytes += bytes;
    this.#bytes += bytes;
  }
}

function tooMuch(what: "bytes" | "calls"): ServiceError {
  return new ServiceError("queue_full", `too many ${what} are in flight; retry later`);
}

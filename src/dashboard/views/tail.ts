import type { PageClock } from "../clock.ts";
import { element } from "../dom/element.ts";

/** What is read again and again. */
export interface TailOptions {
  readonly clock: PageClock;
  /** Whether there can be anything new: a range in the past has no tail, and the button is disabled. */
  readonly canRun: () => boolean;
  /** Reads what is new. Never called while a call is under way. */
  readonly readNewer: () => Promise<void>;
  /** A read failed; the next one follows after the usual time. */
  readonly onFailure: (error: unknown) => void;
}

/** A loop that can be paused. */
export interface Tail {
  /** The button that pauses it. */
  readonly element: HTMLElement;
  /** Begins, or begins anew, unless the user has paused it. */
  start(): void;
  /** Ends it; a read under way is not cancelled, but no other follows. */
  stop(): void;
}

/** Milliseconds between the end of a read and the next. */
const POLL_MS = 2000;

/**
 * Reads what is new, again and again, one at a time, and only while the tab is visible. It polls rather than
 * streams: polling works through every proxy, and costs the service nothing while nobody looks.
 */
export function createTail({ clock, canRun, readNewer, onFailure }: TailOptions): Tail {
  const button = element("button", { type: "button", class: "control live", "aria-pressed": "true" }, "Live");
  let isWanted = true;
  let cancel = () => {};

  function start(): void {
    cancel();
    const isOn = isWanted && canRun();
    button.disabled = !canRun();
    button.setAttribute("aria-pressed", String(isOn));
    if (isOn) cancel = clock.after(POLL_MS, poll);
  }

  async function poll(): Promise<void> {
    let isStopped = false;
    cancel = () => {
      isStopped = true;
    };
    try {
      if (!document.hidden) await readNewer();
    } catch (error) {
      if (!isStopped) onFailure(error);
    }
    if (!isStopped) start();
  }

  button.addEventListener("click", () => {
    isWanted = !isWanted;
    start();
  });
  return { element: button, start, stop: () => cancel() };
}

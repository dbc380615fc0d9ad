import type { PageClock } from "../clock.ts";
import { element } from "../dom/element.ts";

export interface TailOptions {
  readonly clock: PageClock;
  /** Whether there can be anything new: time that is over has no tail. */
  readonly canRun: () => boolean;
  readonly readNewer: () => Promise<void>;
  readonly onFailure: (error: unknown) => void;
}

export interface Tail {
  /** The button that pauses it. */
  readonly element: HTMLElement;
  start(): void;
  stop(): void;
}

/** How soon something new is seen. */
const POLL_MS = 2000;

/** Asks for what is new, again and again, one at a time, and only while somebody can see it. */
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

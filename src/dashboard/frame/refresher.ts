import type { PageClock } from "../clock.ts";
import { element } from "../dom/element.ts";
import { icon } from "../dom/icons.ts";
import { formatSeconds } from "../format/time.ts";

/** The time of the last update, a button to update now, and one that turns automatic updates on and off. */
export interface Refresher {
  readonly element: HTMLElement;
  /** Whether updates go on by themselves, as the address says. */
  show(isAutomatic: boolean): void;
  /** A load has ended: shows when, and plans the next. Only one is ever planned. */
  settle(outcome: { readonly isReachable: boolean }): void;
  /** Cancels what is planned. */
  stop(): void;
}

/**
 * Seconds from the end of one load to the beginning of the next: a slow service is not asked faster than it
 * answers.
 */
const INTERVAL_SECONDS = 30;
/**
 * Milliseconds until a service that could not be reached is asked again, also when automatic updates are off.
 */
const RETRY_MS = 3000;

/**
 * Loads every 30 s, but only while the tab is visible: what came due while it was hidden is done once, as
 * soon as it is looked at again.
 *
 * @param refresh starts a load; its end is reported with `settle`
 * @param onToggle called when automatic updates are to be turned on or off
 */
export function createRefresher(
  clock: PageClock,
  refresh: () => void,
  onToggle: (isAutomatic: boolean) => void,
): Refresher {
  const updated = element("span", { class: "updated" });
  const now = element(
    "button",
    { type: "button", class: "icon-button", title: "Refresh now", onclick: refresh },
    icon("refresh"),
    element("span", { class: "visually-hidden" }, "Refresh now"),
  );
  const toggle = element(
    "button",
    { type: "button", class: "control live", title: `Refresh every ${INTERVAL_SECONDS} seconds` },
    element("span", { class: "visually-hidden" }, "Refresh every "),
    `${INTERVAL_SECONDS} s`,
  );
  let isAutomatic = true;
  let isOverdue = false;
  let cancel = () => {};

  function plan(delayMs: number): void {
    cancel();
    cancel = clock.after(delayMs, () => {
      // Nobody looks: it is made up for as soon as somebody does.
      if (document.hidden) isOverdue = true;
      else refresh();
    });
  }
  function catchUp(): void {
    if (document.hidden || !isOverdue) return;
    isOverdue = false;
    refresh();
  }
  document.addEventListener("visibilitychange", catchUp);
  toggle.addEventListener("click", () => onToggle(!isAutomatic));

  return {
    element: element("div", { class: "refresher" }, updated, now, toggle),
    show(wanted) {
      isAutomatic = wanted;
      toggle.setAttribute("aria-pressed", String(wanted));
    },
    settle({ isReachable }) {
      cancel();
      if (isReachable) updated.textContent = formatSeconds(clock.nowMs());
      updated.title = "Last updated";
      if (!isReachable) plan(RETRY_MS);
      else if (isAutomatic) plan(INTERVAL_SECONDS * 1000);
    },
    stop() {
      cancel();
      document.removeEventListener("visibilitychange", catchUp);
    },
  };
}

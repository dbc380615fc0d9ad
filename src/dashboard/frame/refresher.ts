import type { PageClock } from "../clock.ts";
import { element } from "../dom/element.ts";
import { icon } from "../dom/icons.ts";
import { formatSeconds } from "../format/time.ts";

export interface Refresher {
  readonly element: HTMLElement;
  /** Whether it goes on by itself. */
  show(isAutomatic: boolean): void;
  /** A load has ended: say so, and plan the next. */
  settle(outcome: { readonly isReachable: boolean }): void;
  stop(): void;
}

const INTERVAL_SECONDS = 30;
/** How soon a service that does not answer is asked again. */
const RETRY_MS = 3000;

/** Loads again every 30 s while somebody looks, at once on demand, and sooner after a failure. */
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

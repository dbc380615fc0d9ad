import { element } from "../dom/element.ts";
import { DIRECTORY_PERIODS, type DirectoryPeriod } from "../state/time-range.ts";

/** The tabs above a directory server's figures. */
export interface PeriodTabs {
  readonly element: HTMLElement;
  /** Marks the period that is shown. */
  show(period: DirectoryPeriod): void;
}

const PERIODS = Object.keys(DIRECTORY_PERIODS) as DirectoryPeriod[];

/**
 * The periods as tabs of WAI-ARIA: Tab enters the list once, at the chosen one; the left and right arrows
 * move to its neighbours, in a circle, and choose them at once.
 *
 * @param panelId the `id` of the element that the tabs decide on
 */
export function createPeriodTabs(panelId: string, onChoose: (period: DirectoryPeriod) => void): PeriodTabs {
  const tabs = PERIODS.map((period) => {
    const attributes = { type: "button", class: "tab", role: "tab", "aria-controls": panelId };
    const tab = element("button", attributes, DIRECTORY_PERIODS[period].label);
    tab.addEventListener("click", () => onChoose(period));
    return tab;
  });
  const list = element("div", { class: "tabs", role: "tablist", "aria-label": "Period" }, ...tabs);
  list.addEventListener("keydown", ({ key }) => {
    const at = tabs.findIndex((tab) => tab.getAttribute("aria-selected") === "true");
    const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
    const period = step === undefined ? undefined : PERIODS[(at + step + PERIODS.length) % PERIODS.length];
    if (period === undefined) return;
    onChoose(period);
    tabs[PERIODS.indexOf(period)]?.focus();
  });
  return {
    element: list,
    show(period) {
      for (const [at, tab] of tabs.entries()) {
        const isOn = PERIODS[at] === period;
        tab.setAttribute("aria-selected", String(isOn));
        tab.tabIndex = isOn ? 0 : -1;
      }
    },
  };
}

import { element } from "../dom/element.ts";
import { PERIODS, type Period } from "../state/page-state.ts";

export interface PeriodTabs {
  readonly element: HTMLElement;
  show(period: Period): void;
}

const LABELS: Readonly<Record<Period, string>> = {
  "1h": "1 hour",
  "6h": "6 hours",
  "12h": "12 hours",
  "1d": "1 day",
  "7d": "7 days",
  "30d": "30 days",
  "90d": "90 days",
};

/** The periods as tabs over `panelId`: arrows move between them, and what is moved to is shown. */
export function createPeriodTabs(panelId: string, onChoose: (period: Period) => void): PeriodTabs {
  const tabs = PERIODS.map((period) => {
    const attributes = { type: "button", class: "tab", role: "tab", "aria-controls": panelId };
    const tab = element("button", attributes, LABELS[period]);
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

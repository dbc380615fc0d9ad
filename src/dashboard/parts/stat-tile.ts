import { element } from "../dom/element.ts";
import { NOTHING } from "../format/numbers.ts";

export type Grade = "good" | "fair" | "poor" | "none";

export interface StatTile {
  readonly element: HTMLElement;
  show(stat: Stat): void;
}

export interface Stat {
  readonly value: string;
  /** How it compares with the time before. */
  readonly change?: string | undefined;
  readonly note: string;
  readonly grade?: Grade;
}

const GRADE_WORDS: Readonly<Record<Grade, string>> = {
  good: "good",
  fair: "needs attention",
  poor: "critical",
  none: "",
};

/** One number that matters. Its grade is a colour and a word. */
export function createStatTile(label: string, id: string): StatTile {
  const value = element("span", { class: "stat-value" }, NOTHING);
  const grade = element("span", { class: "visually-hidden" });
  const change = element("span", { class: "stat-change", title: "Compared with the same time before" });
  const note = element("span", { class: "stat-note" });
  const root = element(
    "div",
    { class: "stat", "data-grade": "none", "data-stat": id },
    element("dt", {}, label),
    element("dd", {}, value, grade, change),
    element("dd", { class: "stat-foot" }, note),
  );
  return {
    element: root,
    show(stat) {
      value.textContent = stat.value;
      note.textContent = stat.note;
      change.textContent = stat.change ?? "";
      root.dataset.grade = stat.grade ?? "none";
      grade.textContent = stat.grade === undefined ? "" : ` ${GRADE_WORDS[stat.grade]}`;
    },
  };
}

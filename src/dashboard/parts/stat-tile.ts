import { element } from "../dom/element.ts";
import { NOTHING } from "../format/numbers.ts";

/** How good a value is; `none` where nobody has decided what is good. */
export type Grade = "good" | "fair" | "poor" | "none";

/** A number with a label, an entry of a description list. */
export interface StatTile {
  readonly element: HTMLElement;
  show(stat: Stat): void;
}

/** What a tile shows at one time. */
export interface Stat {
  /** Formatted, with its unit. */
  readonly value: string;
  /** The change against the time before, as "+12%"; undefined where there is nothing to compare with. */
  readonly change?: string | undefined;
  /** A line below that puts the number in proportion. */
  readonly note: string;
  /** Absent: `none`. */
  readonly grade?: Grade;
}

/** Read aloud after the value: a colour alone tells nothing to those who do not see it (WCAG 1.4.1). */
const GRADE_WORDS: Readonly<Record<Grade, string>> = {
  good: "good",
  fair: "needs attention",
  poor: "critical",
  none: "",
};

/** @param id in `data-stat`; unique on the page */
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

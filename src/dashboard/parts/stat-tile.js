import { element } from "../dom/element.ts";
import { NOTHING } from "../format/numbers.ts";

const GRADE_WORDS = {
  good: "good",
  fair: "needs attention",
  poor: "critical",
  none: "",
};
/** One number that matters. Its grade is a colour and a word. */
export function createStatTile(label, id) {
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

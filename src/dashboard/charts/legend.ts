import { element, nameText } from "../dom/element.ts";
import type { Line } from "./chart-data.ts";
import { swatch } from "./tooltip.ts";

/** The list of a chart's lines, below it. */
export interface Legend {
  readonly element: HTMLElement;
  /**
   * Renews names and summaries. Buttons of lines that are still there are kept, because a button that is
   * replaced loses the keyboard focus.
   */
  show(lines: readonly Line[]): void;
}

/**
 * Names of lines as toggle buttons (`aria-pressed`): pressed is shown.
 *
 * @param hidden names of the lines that are off. Changed in place by clicks; kept by the caller, so that a
 * line stays off when new data comes.
 * @param onChange called after each click, for the chart to draw again
 */
export function createLegend(hidden: Set<string>, onChange: () => void): Legend {
  const root = element("ul", { class: "legend" });
  const idOf = ({ name, color }: Line) => `${color} ${name}`;
  const buttons = new Map<string, { item: HTMLElement; summary: HTMLElement }>();

  function create({ name, color }: Line) {
    const summary = element("span", { class: "number", title: "Over the whole time that is shown" });
    const button = element(
      "button",
      { type: "button", class: "legend-item", "aria-pressed": !hidden.has(name) ? "true" : "false" },
      swatch(color),
      nameText(name),
      summary,
    );
    button.addEventListener("click", () => {
      if (!hidden.delete(name)) hidden.add(name);
      button.setAttribute("aria-pressed", String(!hidden.has(name)));
      onChange();
    });
    return { item: element("li", {}, button), summary };
  }

  return {
    element: root,
    show(lines) {
      const wanted = lines.map((line) => {
        const made = buttons.get(idOf(line)) ?? create(line);
        made.summary.textContent = line.summary ?? "";
        return [idOf(line), made] as const;
      });
      const isSame = wanted.length === buttons.size && wanted.every(([id]) => buttons.has(id));
      if (isSame) return;
      // The focus stays on the button it is on.
      buttons.clear();
      for (const [id, made] of wanted) buttons.set(id, made);
      root.replaceChildren(...wanted.map(([, { item }]) => item));
    },
  };
}

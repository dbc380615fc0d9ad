import { element } from "../dom/element.ts";
import { icon } from "../dom/icons.ts";
import { createPopover } from "../dom/popover.ts";
import { describeRange } from "../format/time.ts";
import {
  DEFAULT_RANGE,
  fixedRange,
  PRESETS,
  type Preset,
  type RangeChoice,
  resolveRange,
} from "../state/time-range.ts";

export interface RangeMenu {
  readonly element: HTMLElement;
  show(range: RangeChoice): void;
}

export interface RangeMenuOptions {
  readonly nowMs: () => number;
  readonly onChoose: (range: RangeChoice) => void;
}

/** What time the page shows: the latest so long, or any. */
export function createRangeMenu({ nowMs, onChoose }: RangeMenuOptions): RangeMenu {
  const text = element("span");
  const button = element(
    "button",
    { type: "button", class: "control" },
    icon("clock"),
    text,
    icon("chevron"),
  );
  let shown: RangeChoice = DEFAULT_RANGE;
  const popover = createPopover(button, (close) => {
    const choose = (range: RangeChoice) => {
      close();
      onChoose(range);
    };
    const presets = Object.entries(PRESETS).map(([preset, { label }]) => {
      const isOn = shown.kind === "last" && shown.preset === preset;
      const option = element(
        "button",
        { type: "button", class: "menu-item", "aria-pressed": String(isOn) },
        label,
      );
      option.addEventListener("click", () => choose({ kind: "last", preset: preset as Preset }));
      return option;
    });
    return element("div", { class: "range-sheet" }, ...presets, fixedRangeForm(shown, nowMs(), choose));
  });
  return {
    element: popover.element,
    show(range) {
      shown = range;
      text.textContent = describeRange(range);
      button.setAttribute("aria-label", `Time: ${describeRange(range)}`);
    },
  };
}

function fixedRangeForm(
  range: RangeChoice,
  nowMs: number,
  choose: (range: RangeChoice) => void,
): HTMLElement {
  const { startMs, endMs } = resolveRange(range, nowMs);
  const from = timeField("From", startMs);
  const to = timeField("To", endMs);
  const problem = element("p", { class: "problem", role: "alert" });
  const form = element(
    "form",
    { class: "range-form" },
    from.label,
    to.label,
    problem,
    element("button", { type: "submit", class: "button" }, "Show"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = fixedRange(Date.parse(from.input.value), Date.parse(to.input.value));
    if (chosen === undefined) problem.textContent = "The end must come after the beginning.";
    else choose(chosen);
  });
  return form;
}

function timeField(label: string, ms: number) {
  const input = element("input", { type: "datetime-local", class: "field", step: 1 });
  // The field speaks the reader's time and takes it without a zone.
  const offsetMs = new Date(ms).getTimezoneOffset() * 60_000;
  input.value = new Date(ms - offsetMs).toISOString().slice(0, 19);
  return { input, label: element("label", {}, element("span", {}, label), input) };
}

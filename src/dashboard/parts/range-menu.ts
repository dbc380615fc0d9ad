import { element } from "../dom/element.ts";
import { icon } from "../dom/icons.ts";
import { createPopover } from "../dom/popover.ts";
import { describeRange, readFieldText, toFieldText } from "../format/time.ts";
import { shownZoneName } from "../format/zone.ts";
import {
  DEFAULT_RANGE,
  fixedRange,
  PRESETS,
  type Preset,
  type RangeChoice,
  resolveRange,
} from "../state/time-range.ts";

/** The choice of the page's time. */
export interface RangeMenu {
  readonly element: HTMLElement;
  /** Follows the address. */
  show(range: RangeChoice): void;
}

/** What the menu needs of the page. */
export interface RangeMenuOptions {
  /** The end of ranges that end now, to begin the form for a fixed one with. */
  readonly nowMs: () => number;
  /** A range was chosen, one that can be shown. */
  readonly onChoose: (range: RangeChoice) => void;
}

/**
 * A button that says what time is shown and opens the choices: ranges that end now, and a form for any other.
 */
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

/**
 * From and to, beginning with what is shown now. What cannot be a range is said in the form (`role="alert"`),
 * and nothing is chosen.
 */
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
    element("p", { class: "hint" }, `From and to, in ${shownZoneName()}`),
    from.label,
    to.label,
    problem,
    element("button", { type: "submit", class: "button" }, "Show"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = fixedRange(readFieldText(from.input.value), readFieldText(to.input.value));
    if (chosen === undefined) problem.textContent = "The end must come after the beginning.";
    else choose(chosen);
  });
  return form;
}

/** A field for date and time in the page's zone, to the second. Browsers write it as their user's language does. */
function timeField(label: string, ms: number) {
  const input = element("input", { type: "datetime-local", class: "field", step: 1 });
  input.value = toFieldText(ms);
  return { input, label: element("label", {}, element("span", {}, label), input) };
}

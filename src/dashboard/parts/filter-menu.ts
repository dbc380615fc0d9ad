import { element, nameText } from "../dom/element.ts";
import { icon } from "../dom/icons.ts";
import { createPopover } from "../dom/popover.ts";
import { formatCount } from "../format/numbers.ts";
import { createValueList } from "./value-list.ts";

export interface FilterMenu {
  readonly element: HTMLElement;
  show(value: string | undefined): void;
}

export interface FilterValue {
  readonly value: string;
  readonly count: number;
}

export interface FilterMenuOptions {
  readonly label: string;
  /** Values to choose from, those that begin with `prefix` where there are too many. */
  readonly find: (prefix: string) => Promise<{ values: readonly FilterValue[]; isComplete: boolean }>;
  readonly onChoose: (value: string | undefined) => void;
}

/** A filter: a button that says what is chosen, a list to choose from, and a way to take it away. */
export function createFilterMenu({ label, find, onChoose }: FilterMenuOptions): FilterMenu {
  const text = element("span", { class: "filter-value" });
  const button = element(
    "button",
    { type: "button", class: "control" },
    element("span", { class: "filter-label" }, label, " "),
    text,
    icon("chevron"),
  );
  const clear = element(
    "button",
    { type: "button", class: "icon-button", hidden: true, title: `Any ${label.toLowerCase()}` },
    icon("close"),
    element("span", { class: "visually-hidden" }, `Remove the filter ${label}`),
  );
  clear.addEventListener("click", () => {
    onChoose(undefined);
    button.focus();
  });
  const popover = createPopover(button, (close) =>
    createValueList({
      label: `Find a ${label.toLowerCase()}`,
      async find(search) {
        const { values, isComplete } = await find(search);
        const rows = values.map(({ value, count }) => ({ value, note: formatCount(count) }));
        return { rows, isComplete };
      },
      onChoose(value) {
        close();
        onChoose(value);
      },
    }),
  );
  const root = element("div", { class: "filter" }, popover.element, clear);
  return {
    element: root,
    show(value) {
      text.replaceChildren(value === undefined ? "any" : nameText(value));
      clear.hidden = value === undefined;
      root.classList.toggle("is-set", value !== undefined);
    },
  };
}

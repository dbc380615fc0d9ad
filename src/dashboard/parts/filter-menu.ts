import { element, nameText } from "../dom/element.ts";
import { icon } from "../dom/icons.ts";
import { createPopover } from "../dom/popover.ts";
import { formatCount } from "../format/numbers.ts";
import { createValueList } from "./value-list.ts";

/** A filter on one dimension. */
export interface FilterMenu {
  readonly element: HTMLElement;
  /** The value that is set, or undefined for none, as the address says it. */
  show(value: string | undefined): void;
}

/** A value to choose. */
export interface FilterValue {
  readonly value: string;
  /** Metrics that have it in the chosen time. */
  readonly count: number;
}

/** What one filter differs in. */
export interface FilterMenuOptions {
  /** The dimension's name in the singular. */
  readonly label: string;
  /**
   * Asks for the values to choose from, those that begin with `prefix` where there are too many to list. A
   * rejection is shown in the list.
   */
  readonly find: (prefix: string) => Promise<{ values: readonly FilterValue[]; isComplete: boolean }>;
  /** A value was chosen, or with undefined the filter taken away. */
  readonly onChoose: (value: string | undefined) => void;
}

/**
 * A button that says what is set and opens a searchable list, and beside it a button that takes the filter
 * away.
 */
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

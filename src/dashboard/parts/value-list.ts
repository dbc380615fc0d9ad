import { readFailure } from "../api/failure.ts";
import { element, nameText } from "../dom/element.ts";

/** What the list chooses from. */
export interface ValueListOptions {
  /** Placeholder and accessible name of the search field. */
  readonly label: string;
  /**
   * Asks for the rows. For the empty search: all of them, or the first so many with `isComplete` false; then
   * each search is asked for anew and gives those that begin with it. A rejection is shown below the field.
   */
  readonly find: (search: string) => Promise<{ rows: readonly ValueListRow[]; isComplete: boolean }>;
  /** A row was clicked, or chosen with Enter. */
  readonly onChoose: (value: string) => void;
}

/** A row of the list. */
export interface ValueListRow {
  readonly value: string;
  /** At its right: how frequent it is. */
  readonly note: string;
}

/**
 * A search field over a list of values: the combobox of the WAI-ARIA practices. The focus stays in the field,
 * `aria-activedescendant` says which row the arrows are at, Enter chooses it. A complete list is searched
 * here, anywhere in the value and in any case, without asking the service again.
 */
export function createValueList({ label, find, onChoose }: ValueListOptions): HTMLElement {
  const listId = `values-${label.replaceAll(" ", "-")}`;
  const input = element("input", {
    type: "search",
    class: "field",
    role: "combobox",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: label,
    "aria-label": label,
    "aria-expanded": "true",
    "aria-controls": listId,
  });
  const list = element("ul", { id: listId, class: "values", role: "listbox", "aria-label": label });
  const status = element("p", { class: "values-status", role: "status" }, "Loading…");
  let all: readonly ValueListRow[] = [];
  let isComplete = false;
  let active = 0;

  /** Shows rows and begins at the first. */
  function draw(rows: readonly ValueListRow[]): void {
    active = 0;
    list.replaceChildren(
      ...rows.map(({ value, note }, at) => {
        const number = element("span", { class: "number" }, note);
        const attributes = { role: "option", id: `${listId}-${at}`, "aria-selected": "false" };
        const item = element("li", attributes, nameText(value), number);
        item.addEventListener("click", () => onChoose(value));
        return item;
      }),
    );
    status.textContent = rows.length === 0 ? "None in this time" : isComplete ? "" : "Type to find more";
    move(0);
  }

  /** Marks a row as the active one, and scrolls it into view. */
  function move(to: number): void {
    const items = [...list.children];
    active = Math.min(Math.max(to, 0), items.length - 1);
    for (const [at, item] of items.entries()) item.setAttribute("aria-selected", String(at === active));
    input.setAttribute("aria-activedescendant", items[active]?.id ?? "");
    items[active]?.scrollIntoView({ block: "nearest" });
  }

  /** Answers may come out of order: one for a text that is no longer in the field is dropped. */
  async function search(): Promise<void> {
    const wanted = input.value;
    try {
      if (all.length === 0 || !isComplete) {
        const found = await find(wanted);
        if (input.value !== wanted) return;
        ({ rows: all, isComplete } = found);
      }
      const lower = wanted.toLowerCase();
      draw(isComplete ? all.filter(({ value }) => value.toLowerCase().includes(lower)) : all);
    } catch (error) {
      status.textContent = readFailure(error).text;
    }
  }

  input.addEventListener("input", search);
  input.addEventListener("keydown", (event) => {
    const to = { ArrowDown: active + 1, ArrowUp: active - 1 }[event.key];
    if (to !== undefined) move(to);
    else if (event.key === "Enter") list.children[active]?.dispatchEvent(new MouseEvent("click"));
    else return;
    event.preventDefault();
  });
  search();
  return element("div", { class: "value-list" }, input, list, status);
}

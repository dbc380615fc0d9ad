import { element } from "../dom/element.ts";

/** A choice: the value it stands for, and the text that is shown. */
export type SelectOption<Value extends string> = readonly [value: Value, text: string];

/** A native select, which every browser and screen reader knows how to operate. */
export interface Select<Value extends string> {
  readonly element: HTMLSelectElement;
  /**
   * Marks the value as chosen, without a call of `onChoose`. One that is not offered leaves the select blank.
   */
  show(value: Value): void;
  /**
   * Replaces the choices and keeps the chosen one. Of the same choices only the texts are renewed, because
   * replacing them would close a list that is open.
   */
  offer(options: readonly SelectOption<Value>[]): void;
}

/**
 * @param label its accessible name; nothing is shown beside it
 * @param onChoose called when the user, not the page, chooses
 */
export function createSelect<Value extends string>(
  label: string,
  options: readonly SelectOption<Value>[],
  onChoose: (value: Value) => void,
): Select<Value> {
  const select = element("select", { class: "control", "aria-label": label }, ...optionElements(options));
  select.addEventListener("change", () => onChoose(select.value as Value));
  return {
    element: select,
    show(value) {
      select.value = value;
    },
    offer(newOptions) {
      const isSame = (option: HTMLOptionElement, at: number) => option.value === newOptions[at]?.[0];
      if (select.options.length === newOptions.length && [...select.options].every(isSame)) {
        for (const [at, option] of [...select.options].entries()) {
          const [, text = ""] = newOptions[at] ?? [];
          if (option.text !== text) option.text = text;
        }
        return;
      }
      const { value } = select;
      select.replaceChildren(...optionElements(newOptions));
      select.value = value;
    },
  };
}

const optionElements = (options: readonly SelectOption<string>[]) =>
  options.map(([value, text]) => element("option", { value }, text));

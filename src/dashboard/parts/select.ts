import { element } from "../dom/element.ts";

export type SelectOption<Value extends string> = readonly [value: Value, text: string];

export interface Select<Value extends string> {
  readonly element: HTMLSelectElement;
  show(value: Value): void;
  offer(options: readonly SelectOption<Value>[]): void;
}

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
      if (select.options.length === newOptions.length && [...select.options].every(isSame)) return;
      const { value } = select;
      select.replaceChildren(...optionElements(newOptions));
      select.value = value;
    },
  };
}

const optionElements = (options: readonly SelectOption<string>[]) =>
  options.map(([value, text]) => element("option", { value }, text));

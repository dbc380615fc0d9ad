import { element } from "../dom/element.ts";

export interface Select<Value extends string> {
  readonly element: HTMLSelectElement;
  show(value: Value): void;
}

/** One of a few values. */
export function createSelect<Value extends string>(
  label: string,
  options: readonly (readonly [value: Value, text: string])[],
  onChoose: (value: Value) => void,
): Select<Value> {
  const select = element(
    "select",
    { class: "control", "aria-label": label },
    ...options.map(([value, text]) => element("option", { value }, text)),
  );
  select.addEventListener("change", () => onChoose(select.value as Value));
  return {
    element: select,
    show(value) {
      select.value = value;
    },
  };
}

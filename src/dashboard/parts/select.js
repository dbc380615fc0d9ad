import { element } from "../dom/element.ts";
/** One of a few values. */
export function createSelect(label, options, onChoose) {
  const select = element(
    "select",
    { class: "control", "aria-label": label },
    ...options.map(([value, text]) => element("option", { value }, text)),
  );
  select.addEventListener("change", () => onChoose(select.value));
  return {
    element: select,
    show(value) {
      select.value = value;
    },
  };
}

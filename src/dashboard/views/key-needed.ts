import { element } from "../dom/element.ts";
import type { View, ViewContext } from "./view.ts";

/** In the place of a view that asks for the admin key itself, for a browser that stays signed in. */
export function createKeyNeeded({ access }: ViewContext): View {
  const change = { type: "button", class: "link", onclick: () => access.changeKey() };
  const message = element(
    "div",
    { class: "panel-message" },
    element("strong", {}, "This page asks for the admin key itself"),
    element("p", {}, "A browser that stays signed in may read metrics, and no more."),
    element("button", change, "Enter the key"),
  );
  const body = element("div", { class: "panel-body" }, element("div"), message);
  const panel = element("section", { class: "panel columns-12", "data-state": "failed" }, body);
  return {
    element: element("div", { class: "board" }, panel),
    load: async () => [],
    recolor: () => {},
    close: () => {},
  };
}

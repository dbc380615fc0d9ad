import { element } from "../dom/element.ts";
import { icon } from "../dom/icons.ts";
import { chooseTheme, currentTheme } from "../dom/theme.ts";

/** What belongs to whoever looks, below the navigation: the theme, and the way out. */
export function createAccount(onTheme: () => void, onLeave: () => void) {
  const drawn = () => icon(currentTheme() === "dark" ? "sun" : "moon");
  const theme = element(
    "button",
    { type: "button", class: "icon-button", title: "Light or dark" },
    drawn(),
    element("span", { class: "visually-hidden" }, "Switch between light and dark"),
  );
  const leave = element(
    "button",
    { type: "button", class: "icon-button", title: "Sign out", onclick: onLeave },
    icon("exit"),
    element("span", { class: "visually-hidden" }, "Sign out"),
  );
  theme.addEventListener("click", () => {
    chooseTheme(currentTheme() === "dark" ? "light" : "dark");
    onTheme();
  });
  return {
    elements: [theme, leave],
    /** The theme has changed. */
    recolor: () => theme.firstElementChild?.replaceWith(drawn()),
  };
}

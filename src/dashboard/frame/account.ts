import { element } from "../dom/element.ts";
import { icon } from "../dom/icons.ts";
import { chooseTheme, currentTheme } from "../dom/theme.ts";

/**
 * The buttons for the theme and for signing out, below the navigation.
 *
 * @param onTheme called after the theme was switched, to draw charts again
 * @param onLeave called when somebody signs out
 */
export function createAccount(onTheme: () => void, onLeave: () => void) {
  /** The picture shows the theme that a click switches to. */
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
    /** Changes the picture after the theme has changed, also when the system changed it. */
    recolor: () => theme.firstElementChild?.replaceWith(drawn()),
  };
}

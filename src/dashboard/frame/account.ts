import { element } from "../dom/element.ts";
import { icon } from "../dom/icons.ts";
import { chooseTheme, currentTheme } from "../dom/theme.ts";

/**
 * The buttons for the theme and for signing out or in, below the navigation.
 *
 * @param onTheme called after the theme was switched, to draw charts again
 * @param act what the other button does: sign out, or sign in where somebody looks without a key
 */
export function createAccount(
  onTheme: () => void,
  act: { readonly signOut: () => void } | { readonly signIn: () => void },
) {
  /** The picture shows the theme that a click switches to. */
  const drawn = () => icon(currentTheme() === "dark" ? "sun" : "moon");
  const theme = element(
    "button",
    { type: "button", class: "icon-button", title: "Light or dark" },
    drawn(),
    element("span", { class: "visually-hidden" }, "Switch between light and dark"),
  );
  const [title, picture, onclick] =
    "signOut" in act
      ? (["Sign out", "exit", act.signOut] as const)
      : (["Sign in", "keys", act.signIn] as const);
  const leave = element(
    "button",
    { type: "button", class: "icon-button", title, onclick: () => onclick() },
    icon(picture),
    element("span", { class: "visually-hidden" }, title),
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

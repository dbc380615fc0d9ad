const STORED_AS = "mcp-metrics.theme";
const root = document.documentElement;
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
/** Put the theme on the page. Called before anything is painted, so that nothing flashes. */
export function applyTheme() {
  root.dataset.theme = readStored() ?? (systemIsDark.matches ? "dark" : "light");
}
export function currentTheme() {
  return root.dataset.theme === "dark" ? "dark" : "light";
}
export function chooseTheme(theme) {
  root.dataset.theme = theme;
  try {
    localStorage.setItem(STORED_AS, theme);
  } catch {
    // A browser that keeps nothing shows it until the page is left.
  }
}
/** Follow the system where nobody chose; `listener` is told. */
export function followSystemTheme(listener) {
  systemIsDark.addEventListener("change", () => {
    applyTheme();
    listener();
  });
}
function readStored() {
  try {
    const stored = localStorage.getItem(STORED_AS);
    return stored === "light" || stored === "dark" ? stored : undefined;
  } catch {
    return undefined;
  }
}

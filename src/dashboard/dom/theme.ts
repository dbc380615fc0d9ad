/** Light, dark, or as the system is until somebody chooses. Kept over visits: it is no secret. */
export type Theme = "light" | "dark";

const STORED_AS = "mcp-metrics.theme";
const root = document.documentElement;
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

/** Put the theme on the page. Called before anything is painted, so that nothing flashes. */
export function applyTheme(): void {
  root.dataset.theme = readStored() ?? (systemIsDark.matches ? "dark" : "light");
}

export function currentTheme(): Theme {
  return root.dataset.theme === "dark" ? "dark" : "light";
}

export function chooseTheme(theme: Theme): void {
  root.dataset.theme = theme;
  try {
    localStorage.setItem(STORED_AS, theme);
  } catch {
    // A browser that keeps nothing shows it until the page is left.
  }
}

/** Follow the system where nobody chose; `listener` is told. */
export function followSystemTheme(listener: () => void): void {
  systemIsDark.addEventListener("change", () => {
    applyTheme();
    listener();
  });
}

function readStored(): Theme | undefined {
  try {
    const stored = localStorage.getItem(STORED_AS);
    return stored === "light" || stored === "dark" ? stored : undefined;
  } catch {
    return undefined;
  }
}

/** Of the theme that is on; to ask the browser for each line of each chart would make it lay out the page anew. */
const colors = { theme: "", byProperty: new Map<string, string>() };

/** A colour of the style sheet, `--series-1`, as it is in the theme that is on. */
export function colorOf(property: string): string {
  if (colors.theme !== currentTheme()) {
    colors.theme = currentTheme();
    colors.byProperty.clear();
  }
  const known = colors.byProperty.get(property);
  if (known !== undefined) return known;
  const color = getComputedStyle(root).getPropertyValue(property).trim();
  colors.byProperty.set(property, color);
  return color;
}

/**
 * Colours of the page. As the system has it until somebody chooses; a choice is kept in `localStorage`, over
 * sessions and for all tabs, because it is no secret.
 */
export type Theme = "light" | "dark";

/** The key in `localStorage`. */
const STORED_AS = "mcp-metrics.theme";
const root = document.documentElement;
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

/**
 * Sets `data-theme` on the root element, which the style sheet's colours follow. `theme.ts` calls it from the
 * head of the document, before anything is painted: a dark page must not flash white while it loads.
 */
export function applyTheme(): void {
  root.dataset.theme = readStored() ?? (systemIsDark.matches ? "dark" : "light");
}

/** The theme that is on, chosen or the system's. */
export function currentTheme(): Theme {
  return root.dataset.theme === "dark" ? "dark" : "light";
}

/** Switches the theme and remembers it. Charts must be drawn again by the caller. */
export function chooseTheme(theme: Theme): void {
  root.dataset.theme = theme;
  try {
    localStorage.setItem(STORED_AS, theme);
  } catch {
    // A browser that keeps nothing shows it until the page is left.
  }
}

/**
 * Follows the system's setting, as it may change at sunset, while nobody has chosen.
 *
 * @param listener called after each change, to draw again what does not follow the style sheet
 */
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

/**
 * Colours read so far in the theme that is on. `getComputedStyle` may make the browser lay out the page;
 * asked for each line of each chart, that would happen dozens of times in one drawing.
 */
const colors = { theme: "", byProperty: new Map<string, string>() };

/**
 * The value of a custom property such as `--series-1` in the theme that is on, for canvases, which cannot
 * refer to a property.
 */
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

import { drawing } from "./element.ts";

/** Outlines on a grid of 16 by 16, drawn with the text's colour. */
const PATHS = {
  overview: "M2.5 2.5h4.5v6H2.5zM9 2.5h4.5v3.5H9zM9 8h4.5v5.5H9zM2.5 10.5h4.5v3H2.5z",
  tools:
    "M9.8 3.2a3 3 0 0 0-3.9 3.9L2.6 10.4a1.4 1.4 0 0 0 2" +
    " 2l3.3-3.3a3 3 0 0 0 3.9-3.9l-1.7 1.7-1.8-.5-.5-1.8z",
  services: "M8 2.2l5.2 2.9v5.8L8 13.8l-5.2-2.9V5.1zM2.9 5.2L8 8l5.1-2.8M8 8v5.7",
  servers: "M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01",
  clients: "M2.5 3.5h11v7h-11zM6 13h4M8 10.5V13",
  events: "M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4h.01M2.5 8h.01M2.5 12h.01",
  directory: "M3 2.5h8.5a1 1 0 0 1 1 1v10H4a1 1 0 0 1-1-1zM3 11.5h9.5M6 5.5h3.5",
  keys: "M10 6a2.5 2.5 0 1 1-1.1-2.1A2.5 2.5 0 0 1 10 6zM9 7.8l4.2 4.2M11.5 10.3l1-1",
  storage:
    "M2.8 4c0-1 2.3-1.7 5.2-1.7s5.2.7 5.2 1.7-2.3 1.7-5.2 1.7S2.8 5 2.8 4z" +
    "M2.8 4v8c0 1 2.3 1.7 5.2 1.7s5.2-.7 5.2-1.7V4M2.8 8c0 1 2.3 1.7 5.2 1.7s5.2-.7 5.2-1.7",
  refresh: "M13 8a5 5 0 1 1-1.5-3.6M13 2.5v2.5h-2.5",
  sun:
    "M8 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM8 1.5v1.2" +
    "M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9",
  moon: "M13 9.3A5.3 5.3 0 0 1 6.7 3a5.3 5.3 0 1 0 6.3 6.3z",
  clock: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM8 5v3l2 1.5",
  chevron: "M4.5 6.5L8 10l3.5-3.5",
  close: "M4 4l8 8M12 4l-8 8",
  table: "M2.5 3h11v10h-11zM2.5 6.5h11M2.5 10h11M6.5 6.5V13",
  back: "M9.5 4L5.5 8l4 4",
  exit: "M6.5 2.5h-4v11h4M9.5 5l3 3-3 3M12.5 8h-7",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  play: "M5 3l7.5 5L5 13z",
} as const;

/** Names of views double as names of their icons; see the sidebar. */
export type IconName = keyof typeof PATHS;

/**
 * An outline of 16 by 16 pixels in the colour of the text around it. Hidden from screen readers: whatever has
 * an icon also has words, visible or for screen readers alone.
 */
export function icon(name: IconName): SVGElement {
  return drawing(
    "svg",
    { class: "icon", viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" },
    drawing("path", { d: PATHS[name] }),
  );
}

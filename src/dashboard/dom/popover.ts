import { element } from "./element.ts";

/** A button and the sheet it opens. */
export interface Popover {
  readonly element: HTMLElement;
  /** Removes the sheet if it is open; the focus is left where it is. */
  close(): void;
}

/**
 * A button that shows a sheet below itself, as a dialog of WAI-ARIA. The first field in it gets the focus.
 * Escape closes it and gives the focus back to the button; a click elsewhere, or Tab out of it, closes it as
 * well.
 *
 * @param button gets `aria-haspopup` and `aria-expanded`; its label becomes the sheet's
 * @param fill builds what is in the sheet, each time it opens: it shows the state of that moment. Its
 * argument closes the sheet and returns the focus to the button.
 */
export function createPopover(button: HTMLButtonElement, fill: (close: () => void) => HTMLElement): Popover {
  const root = element("div", { class: "popover" }, button);
  let sheet: HTMLElement | undefined;
  button.setAttribute("aria-haspopup", "dialog");
  button.setAttribute("aria-expanded", "false");

  function close(): void {
    sheet?.remove();
    sheet = undefined;
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", closeOutside);
  }
  function closeOutside(event: Event): void {
    if (!root.contains(event.target as Node)) close();
  }
  function open(): void {
    const content = fill(() => {
      close();
      button.focus();
    });
    const label = button.getAttribute("aria-label") ?? button.textContent ?? "";
    // Takes the focus where something in it is clicked that cannot: else it would leave, and close this.
    sheet = element("div", { class: "sheet", role: "dialog", "aria-label": label, tabindex: -1 }, content);
    root.append(sheet);
    button.setAttribute("aria-expanded", "true");
    keepInView(sheet);
    document.addEventListener("pointerdown", closeOutside);
    sheet.querySelector<HTMLElement>("input, button, a")?.focus();
  }

  button.addEventListener("click", () => (sheet === undefined ? open() : close()));
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || sheet === undefined) return;
    event.stopPropagation();
    close();
    button.focus();
  });
  root.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget instanceof Node && !root.contains(relatedTarget)) close();
  });
  return { element: root, close };
}

/** Moves a sheet that would reach beyond the right edge of the window back into it, with 12 px to spare. */
function keepInView(sheet: HTMLElement): void {
  const beyond = sheet.getBoundingClientRect().right - document.documentElement.clientWidth + 12;
  if (beyond > 0) sheet.style.transform = `translateX(${-Math.ceil(beyond)}px)`;
}

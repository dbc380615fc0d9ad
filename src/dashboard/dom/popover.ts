import { element } from "./element.ts";

export interface Popover {
  readonly element: HTMLElement;
  close(): void;
}

/**
 * A button that shows a sheet below itself. Escape, a click elsewhere or leaving it with the keyboard puts it
 * away; Escape gives the focus back to the button.
 *
 * @param fill makes what the sheet holds, each time it is opened.
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

function keepInView(sheet: HTMLElement): void {
  const beyond = sheet.getBoundingClientRect().right - document.documentElement.clientWidth + 12;
  if (beyond > 0) sheet.style.transform = `translateX(${-Math.ceil(beyond)}px)`;
}

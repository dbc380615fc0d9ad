import { element } from "./element.ts";
/**
 * A button that shows a sheet below itself. Escape, a click elsewhere or leaving it with the keyboard puts it
 * away; Escape gives the focus back to the button.
 *
 * @param fill makes what the sheet holds, each time it is opened.
 */
export function createPopover(button, fill) {
  const root = element("div", { class: "popover" }, button);
  let sheet;
  button.setAttribute("aria-haspopup", "dialog");
  button.setAttribute("aria-expanded", "false");
  function close() {
    sheet?.remove();
    sheet = undefined;
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", closeOutside);
  }
  function closeOutside(event) {
    if (!root.contains(event.target)) close();
  }
  function open() {
    const content = fill(() => {
      close();
      button.focus();
    });
    const label = button.getAttribute("aria-label") ?? button.textContent ?? "";
    sheet = element("div", { class: "sheet", role: "dialog", "aria-label": label }, content);
    root.append(sheet);
    button.setAttribute("aria-expanded", "true");
    keepInView(sheet);
    document.addEventListener("pointerdown", closeOutside);
    sheet.querySelector("[autofocus], input, button, a")?.focus();
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
function keepInView(sheet) {
  const beyond = sheet.getBoundingClientRect().right - document.documentElement.clientWidth + 12;
  if (beyond > 0) sheet.style.transform = `translateX(${-Math.ceil(beyond)}px)`;
}

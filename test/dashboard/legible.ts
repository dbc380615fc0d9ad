/** What cannot be read, or reached, of a page: looked for in the page itself, whatever the browser shows of it. */
import type { Page } from "playwright-core";

/** What may be moved sideways: tables, whose columns are worth it. Of navigation and buttons everything is seen. */
const MAY_SCROLL = ".table-scroll, .chart-table";
/** For screen readers, or not before it has the focus. */
const HIDDEN = ".visually-hidden, .skip-link, .panel-strip > .panel-head";
/** The beginning of what a row opens to. */
const PREVIEW = ".fields";
/** What everything on the page stands in. */
const CARDS = ".panel, .topbar, .sidebar, .sheet, .sign-in, .tabs";

/**
 * Texts and controls that are cut off, that reach out of their card or their cell, or into which one must scroll;
 * none where everything can be read. A name that a client chose may be cut: its title has the whole of it.
 */
export function findIllegible(page: Page): Promise<string[]> {
  const selectors = [MAY_SCROLL, HIDDEN, PREVIEW, CARDS].map((selector) => JSON.stringify(selector));
  return page.evaluate(`(${search})(${selectors})`) as Promise<string[]>;
}

const search = `(mayScroll, hidden, preview, cards) => {
  const found = new Set();
  const say = (node, what, text) => found.add(what + ": " + (text ?? node.textContent).trim().slice(0, 60));
  const seen = (node) => node.checkVisibility({ visibilityProperty: true }) && !node.closest(hidden);
  const beyond = (inner, outer) => inner.left < outer.left - 1 || inner.right > outer.right + 1;
  const judge = (node, box, text) => {
    for (let at = node; at !== null && at !== document.body; at = at.parentElement) {
      const { overflowX, textOverflow } = getComputedStyle(at);
      const around = at.getBoundingClientRect();
      const isOut = beyond(box, around);
      if (at.matches(preview)) return;
      if (isOut && at.matches("td, th, dd, dt")) return say(node, "out of its cell", text);
      if (isOut && at.matches(cards)) return say(node, "out of its card", text);
      if (overflowX === "visible" || at.matches("select, input")) continue;
      if (textOverflow === "ellipsis" && isOut && at.closest("[title]")) return;
      if (at.matches(mayScroll)) return;
      if (isOut) return say(node, overflowX === "hidden" ? "cut off" : "to be scrolled to", text);
    }
    if (beyond(box, { left: 0, right: innerWidth })) say(node, "beyond the window", text);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { data, parentElement } = texts.currentNode;
    if (data.trim() === "" || parentElement.closest("option, script, noscript") || !seen(parentElement)) continue;
    const range = document.createRange();
    range.selectNodeContents(texts.currentNode);
    for (const box of range.getClientRects()) judge(parentElement, box, data);
  }
  for (const control of document.querySelectorAll("button, select, input, a, [role=tab]")) {
    if (!seen(control)) continue;
    const box = control.getBoundingClientRect();
    judge(control, box, control.getAttribute("aria-label") ?? control.textContent);
    if (control.type !== "datetime-local") continue;
    const { width } = control.style;
    control.style.width = "auto";
    if (control.getBoundingClientRect().width > box.width + 1) say(control, "cut off", control.value);
    control.style.width = width;
  }
  return [...found];
}`;

import type { PageFailure } from "../api/failure.ts";
import { element } from "../dom/element.ts";
import { describeRange } from "../format/time.ts";
import type { PageState } from "../state/page-state.ts";
import type { ViewContext } from "../views/view.ts";
import { createHeading, titleOf } from "./heading.ts";
import { createRefresher } from "./refresher.ts";
import { createSidebar } from "./sidebar.ts";
import { createToolbar } from "./toolbar.ts";

/**
 * What stands around every view: navigation, heading, filters, time and refresh. It is built once for a
 * sign-in and outlives the views, so that focus and open menus survive a change of the view.
 */
export interface Frame {
  readonly element: HTMLElement;
  /** Where the page puts the element of the current view. */
  readonly content: HTMLElement;
  /**
   * Follows a new state: heading, selected link, filters and time. Also announces it to screen readers, since
   * a change of the hash loads no document and would pass in silence.
   */
  show(state: PageState): void;
  /**
   * A load has ended: shows the time of the last update, and plans the next one.
   *
   * @param unreachable why the service could not be asked; undefined when it answered. It is shown in a
   * banner, above panels that keep what they showed before.
   */
  settle(unreachable: PageFailure | undefined): void;
  /** Puts the focus on the heading of a new view, as a browser does when it loads a document. */
  focusHeading(): void;
  /** Stops refreshing. */
  close(): void;
}

/** @param foot elements below the navigation, which belong to the sign-in rather than to a view */
export function createFrame(context: ViewContext, foot: readonly HTMLElement[]): Frame {
  const { clock, identity, retry, state, navigate } = context;
  const sidebar = createSidebar(identity, foot);
  const heading = createHeading(identity);
  const toolbar = createToolbar(context);
  const refresher = createRefresher(clock, retry, (autoRefresh) => navigate({ ...state(), autoRefresh }));
  const banner = element("div", { class: "banner", role: "alert", hidden: true });
  const spoken = element("p", { class: "visually-hidden", role: "status" });
  const content = element("div", { class: "content" });
  const tools = element("div", { class: "tools" }, toolbar.range, toolbar.zone, refresher.element);
  const top = element("div", { class: "topbar" }, heading.element, tools, toolbar.filters);
  const main = element("main", { id: "main", tabindex: -1 }, top, banner, content, spoken);
  return {
    element: element("div", { class: "page" }, skipLink(main), sidebar.element, main),
    content,
    show(shown) {
      for (const part of [sidebar, heading, toolbar]) part.show(shown);
      refresher.show(shown.autoRefresh);
      spoken.textContent = `${titleOf(shown)}, ${describeRange(shown.range)}`;
    },
    settle(unreachable) {
      banner.hidden = unreachable === undefined;
      banner.textContent =
        unreachable === undefined ? "" : `No connection: ${unreachable.text}. Trying again…`;
      refresher.settle({ isReachable: unreachable === undefined });
    },
    focusHeading: heading.focus,
    close: refresher.stop,
  };
}

/** The first link of the page, visible when it has the focus: it jumps over the navigation. */
function skipLink(main: HTMLElement): HTMLElement {
  const link = element("a", { class: "skip-link", href: "#main" }, "Skip to content");
  // The address is the page's state: a jump within the page must not change it.
  link.addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });
  return link;
}

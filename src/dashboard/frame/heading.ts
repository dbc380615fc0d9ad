import type { Identity } from "../api/session.ts";
import { element, nameText } from "../dom/element.ts";
import { seesOneServer } from "../state/access.ts";
import { isSubjectList, openView, type PageState, SUBJECTS, titleOfView } from "../state/page-state.ts";
import { formatHash } from "../state/page-url.ts";

/** The title of a page: a subject's name, or its view's. */
export function titleOf({ view, subject }: PageState): string {
  return subject ?? titleOfView(view);
}

/**
 * The page's `h1` and, on the page of one tool, service, server or client, the way back to their list. The
 * title of the browser's tab follows it.
 */
export function createHeading(identity: Identity) {
  const heading = element("h1", { tabindex: -1 });
  const trail = element("p", { class: "trail" });
  return {
    element: element("div", { class: "heading" }, trail, heading),
    show(state: PageState): void {
      const { view, subject } = state;
      document.title = `${titleOf(state)} · mcp-metrics`;
      if (subject === undefined) {
        heading.textContent = titleOf(state);
        trail.hidden = true;
        return;
      }
      const one = isSubjectList(view) ? SUBJECTS[view].one : "Server";
      // There is no way back to a list that its viewer may not see.
      trail.hidden = seesOneServer(identity);
      const back = element("a", { href: formatHash(openView(state, view)) }, titleOfView(view));
      heading.replaceChildren(element("span", { class: "visually-hidden" }, `${one} `), nameText(subject));
      trail.replaceChildren(back, element("span", { "aria-hidden": "true" }, "/"));
    },
    /** The heading can take the focus (`tabindex -1`) but is not among what Tab reaches. */
    focus: () => heading.focus(),
  };
}

import { element, nameText } from "../dom/element.ts";
import { isSubjectList, openView, type PageState, SUBJECTS, titleOfView } from "../state/page-state.ts";
import { formatHash } from "../state/page-url.ts";

/** What the page shows, in words. */
export function titleOf({ view, subject }: PageState): string {
  return subject ?? titleOfView(view);
}

/** The page's heading; on a subject's page with the way back to the list. */
export function createHeading() {
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
      trail.hidden = false;
      const back = element("a", { href: formatHash(openView(state, view)) }, titleOfView(view));
      heading.replaceChildren(element("span", { class: "visually-hidden" }, `${one} `), nameText(subject));
      trail.replaceChildren(back, element("span", { "aria-hidden": "true" }, "/"));
    },
    focus: () => heading.focus(),
  };
}

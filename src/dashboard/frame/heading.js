import { element, nameText } from "../dom/element.ts";
import { isSubjectList, openView, SUBJECTS } from "../state/page-state.ts";
import { formatHash } from "../state/page-url.ts";

const TITLES = { overview: "Overview", events: "Events", keys: "Keys", storage: "Storage" };
/** What the page shows, in words. */
export function titleOf({ view, subject }) {
  if (!isSubjectList(view)) return TITLES[view];
  return subject ?? SUBJECTS[view].many;
}
/** The page's heading; on a subject's page with the way back to the list. */
export function createHeading() {
  const heading = element("h1", { tabindex: -1 });
  const trail = element("p", { class: "trail" });
  return {
    element: element("div", { class: "heading" }, trail, heading),
    show(state) {
      const { view, subject } = state;
      document.title = `${titleOf(state)} · mcp-metrics`;
      if (!isSubjectList(view) || subject === undefined) {
        heading.textContent = titleOf(state);
        trail.replaceChildren();
        return;
      }
      const { many, one } = SUBJECTS[view];
      const back = element("a", { href: formatHash(openView(state, view)) }, many);
      heading.replaceChildren(element("span", { class: "visually-hidden" }, `${one} `), nameText(subject));
      trail.replaceChildren(back, element("span", { "aria-hidden": "true" }, "/"));
    },
    focus: () => heading.focus(),
  };
}

import { element, nameText } from "../dom/element.ts";
import { type IconName, icon } from "../dom/icons.ts";
import { openView, type PageState, titleOfView, type ViewName } from "../state/page-state.ts";
import { formatHash } from "../state/page-url.ts";
import type { Identity } from "../views/view.ts";

/** A link of the navigation. Its view's name is its icon's as well. */
interface Entry {
  readonly view: ViewName & IconName;
  /**
   * Roles of keys that may call what the view asks for; absent: every role. The service decides in any case;
   * this only spares people views in which everything fails.
   */
  readonly roles?: readonly Identity["role"][];
}

/** From top to bottom. */
const ENTRIES: readonly Entry[] = [
  { view: "overview" },
  { view: "tools" },
  { view: "services" },
  { view: "servers" },
  { view: "clients" },
  { view: "events" },
  { view: "directory", roles: ["reader", "admin"] },
  { view: "keys", roles: ["admin"] },
  { view: "storage", roles: ["admin"] },
];

/**
 * The navigation. Each link takes the time and the filters along, so that one question can be followed
 * through several views. They are real links: they can be opened in another tab.
 *
 * @param foot elements at its lower end
 */
export function createSidebar(identity: Identity, foot: readonly HTMLElement[]) {
  const links = ENTRIES.filter(({ roles }) => roles?.includes(identity.role) ?? true).map((entry) => ({
    entry,
    link: element("a", { class: "nav-link" }, icon(entry.view), element("span", {}, titleOfView(entry.view))),
  }));
  const nav = element(
    "nav",
    { "aria-label": "Pages" },
    element("ul", {}, ...links.map(({ link }) => element("li", {}, link))),
  );
  const who = element(
    "p",
    { class: "who" },
    nameText(identity.service),
    element("span", { class: "hint" }, `${identity.role} key`),
  );
  const brand = element(
    "p",
    { class: "brand" },
    element("span", { class: "brand-mark", "aria-hidden": "true" }),
    "mcp-metrics",
  );
  return {
    element: element(
      "header",
      { class: "sidebar" },
      brand,
      nav,
      element("div", { class: "sidebar-foot" }, who, ...foot),
    ),
    show(state: PageState): void {
      for (const { entry, link } of links) {
        link.setAttribute("href", formatHash(openView(state, entry.view)));
        // Read aloud as "current page"; the style sheet marks it by the same attribute.
        if (entry.view === state.view) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      }
    },
  };
}

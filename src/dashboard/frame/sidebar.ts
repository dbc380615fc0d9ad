import type { Identity } from "../api/session.ts";
import { element, nameText } from "../dom/element.ts";
import { type IconName, icon } from "../dom/icons.ts";
import { rolesOf, seesOneServer } from "../state/access.ts";
import { openView, type PageState, titleOfView, type ViewName } from "../state/page-state.ts";
import { formatHash } from "../state/page-url.ts";

/** A link of the navigation. Its view's name is its icon's as well. */
interface Entry {
  readonly view: ViewName & IconName;
  readonly title: string;
  /** Where it leads from a state. */
  readonly target: (state: PageState) => PageState;
}

/** From top to bottom. */
const VIEWS: readonly Entry["view"][] = [
  "overview",
  "tools",
  "services",
  "servers",
  "clients",
  "events",
  "directory",
  "keys",
  "storage",
];

/** The views that somebody's key is good for; one server's page where it is good for no more. */
function entriesOf(identity: Identity): readonly Entry[] {
  if (seesOneServer(identity)) {
    return [{ view: "directory", title: "Server", target: (state) => state }];
  }
  return VIEWS.filter((view) => rolesOf(view).includes(identity.role)).map((view) => ({
    view,
    title: titleOfView(view),
    target: (state) => openView(state, view),
  }));
}

/** Whose page it is, in two lines. */
function describeIdentity({ role, service, serverId }: Identity): readonly [string, string] {
  if (role === "anonymous") return ["Not signed in", "a public server"];
  return [serverId ?? service, `${role} key`];
}

/**
 * The navigation. Each link takes the time and the filters along, so that one question can be followed
 * through several views. They are real links: they can be opened in another tab.
 *
 * @param foot elements at its lower end
 */
export function createSidebar(identity: Identity, foot: readonly HTMLElement[]) {
  const links = entriesOf(identity).map((entry) => ({
    entry,
    link: element("a", { class: "nav-link" }, icon(entry.view), element("span", {}, entry.title)),
  }));
  const nav = element(
    "nav",
    { "aria-label": "Pages" },
    element("ul", {}, ...links.map(({ link }) => element("li", {}, link))),
  );
  const [name, kind] = describeIdentity(identity);
  const who = element("p", { class: "who" }, nameText(name), element("span", { class: "hint" }, kind));
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
        link.setAttribute("href", formatHash(entry.target(state)));
        // Read aloud as "current page"; the style sheet marks it by the same attribute.
        if (entry.view === state.view) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      }
    },
  };
}

import { element } from "../dom/element.ts";
import { describeRange } from "../format/time.ts";
import { formatHash, parseHash } from "../state/page-url.ts";
import { createView } from "../views/views.ts";
import { createHeading, titleOf } from "./heading.ts";
import { createRefresher } from "./refresher.ts";
import { createSidebar } from "./sidebar.ts";
import { createToolbar } from "./toolbar.ts";
/** The page of somebody who has signed in: the frame, and in it the view that the address names. */
export function createPage({ identity, foot, onSignedOut, ...deps }) {
  let state = parseHash(location.hash);
  let view;
  let loads = 0;
  const navigate = (wanted) => {
    location.hash = formatHash(wanted);
  };
  const refresh = () => void load();
  const context = { ...deps, identity, retry: refresh, state: () => state, navigate };
  const sidebar = createSidebar(identity, foot);
  const heading = createHeading();
  const toolbar = createToolbar(context);
  const refresher = createRefresher(deps.clock, refresh, (autoRefresh) =>
    navigate({ ...state, autoRefresh }),
  );
  const banner = element("div", { class: "banner", role: "alert", hidden: true });
  const spoken = element("p", { class: "visually-hidden", role: "status" });
  const content = element("div", { class: "content" });
  const tools = element("div", { class: "tools" }, toolbar.range, refresher.element);
  const top = element("div", { class: "topbar" }, heading.element, tools, toolbar.filters);
  const main = element("main", { id: "main", tabindex: -1 }, top, banner, content, spoken);
  const skip = element("a", { class: "skip-link", href: "#main" }, "Skip to content");
  // The address is the page's state: a jump within it must not change it.
  skip.addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });
  async function load() {
    const number = ++loads;
    const failures = (await view?.load(state)) ?? [];
    if (number === loads) settle(failures);
  }
  function settle(failures) {
    const signedOut = failures.find(({ kind }) => kind === "signed-out");
    if (signedOut !== undefined) {
      onSignedOut(signedOut.text);
      return;
    }
    const unreachable = failures.find(({ kind }) => kind === "unreachable");
    banner.hidden = unreachable === undefined;
    banner.textContent = unreachable === undefined ? "" : `No connection: ${unreachable.text}. Trying again…`;
    refresher.settle({ isReachable: unreachable === undefined });
  }
  function show() {
    const before = state;
    state = parseHash(location.hash);
    const isOther = view === undefined || state.view !== before.view || state.subject !== before.subject;
    sidebar.show(state);
    heading.show(state);
    toolbar.show(state);
    refresher.show(state.autoRefresh);
    if (isOther) {
      const isFirst = view === undefined;
      view?.close();
      view = createView(context, state);
      content.replaceChildren(view.element);
      scrollTo(0, 0);
      if (!isFirst) heading.focus();
    }
    spoken.textContent = `${titleOf(state)}, ${describeRange(state.range)}`;
    refresh();
  }
  return {
    element: element("div", { class: "page" }, skip, sidebar.element, main),
    show,
    recolor: () => view?.recolor(),
    close() {
      loads += 1;
      refresher.stop();
      view?.close();
    },
  };
}

import { element } from "../dom/element.ts";
import type { Panel } from "../parts/panel.ts";
import { scopeOf } from "../query/scope.ts";
import type { View, ViewContext } from "./view.ts";

/**
 * A view that is a board of panels. They ask at the same time and for the same; a newer load cancels what
 * the one before has not been answered yet.
 */
export function createBoardView(context: ViewContext, panels: readonly Panel[]): View {
  let loading = new AbortController();
  return {
    element: element("div", { class: "board" }, ...panels.map((panel) => panel.element)),
    async load(state) {
      loading.abort();
      loading = new AbortController();
      const { signal } = loading;
      const scope = scopeOf(state, context.clock.nowMs());
      const failures = await Promise.all(panels.map((panel) => panel.load(context, scope, signal)));
      return failures.filter((failure) => failure !== undefined);
    },
    recolor() {
      for (const panel of panels) panel.recolor();
    },
    close() {
      loading.abort();
      for (const panel of panels) panel.close();
    },
  };
}

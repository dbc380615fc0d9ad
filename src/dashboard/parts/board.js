import { element } from "../dom/element.ts";
export function createBoard(panels) {
  let asking = new AbortController();
  return {
    element: element("div", { class: "board" }, ...panels.map((panel) => panel.element)),
    async load(deps, scope) {
      asking.abort();
      asking = new AbortController();
      const { signal } = asking;
      const failures = await Promise.all(panels.map((panel) => panel.load(deps, scope, signal)));
      return failures.filter((failure) => failure !== undefined);
    },
    recolor() {
      for (const panel of panels) panel.recolor();
    },
    close() {
      asking.abort();
      for (const panel of panels) panel.close();
    },
  };
}

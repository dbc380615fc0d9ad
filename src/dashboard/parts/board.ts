import type { Failure } from "../api/failure.ts";
import { element } from "../dom/element.ts";
import type { Scope } from "../query/scope.ts";
import type { Panel, PanelDeps } from "./panel.ts";

/** The panels of a page, which ask at the same time and for the same. */
export interface Board {
  readonly element: HTMLElement;
  /** Ask for everything; what was asked before and is not answered is cancelled. */
  load(deps: PanelDeps, scope: Scope): Promise<readonly Failure[]>;
  recolor(): void;
  close(): void;
}

export function createBoard(panels: readonly Panel[]): Board {
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

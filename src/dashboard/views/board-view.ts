import { createBoard } from "../parts/board.ts";
import type { Panel } from "../parts/panel.ts";
import { scopeOf } from "../query/scope.ts";
import type { View, ViewContext } from "./view.ts";

/** A view that is a board of panels. */
export function createBoardView(context: ViewContext, panels: readonly Panel[]): View {
  const board = createBoard(panels);
  return {
    element: board.element,
    load: (state) => board.load(context, scopeOf(state, context.clock.nowMs())),
    recolor: board.recolor,
    close: board.close,
  };
}

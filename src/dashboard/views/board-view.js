import { createBoard } from "../parts/board.ts";
import { scopeOf } from "../query/scope.ts";
/** A view that is a board of panels. */
export function createBoardView(context, panels) {
  const board = createBoard(panels);
  return {
    element: board.element,
    load: (state) => board.load(context, scopeOf(state, context.clock.nowMs())),
    recolor: board.recolor,
    close: board.close,
  };
}

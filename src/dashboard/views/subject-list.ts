import { topPanel } from "../panels/top-panel.ts";
import { createSelect } from "../parts/select.ts";
import { ORDERS, type Order, SUBJECTS, type SubjectList } from "../state/page-state.ts";
import { linkTo } from "./links.ts";
import { createTypedBoard } from "./typed-board.ts";
import type { View, ViewContext } from "./view.ts";

/**
 * The hundred most used, most failing or slowest tools, services, servers or clients, each with a link to its
 * page. The order, and of which metrics the figures are, are part of the address.
 */
export function createSubjectList(context: ViewContext, list: SubjectList): View {
  const { dimension, one, many } = SUBJECTS[list];
  const { state, navigate } = context;
  const panel = topPanel({
    id: `list-${list}`,
    title: many,
    columns: 12,
    dimension,
    nameTitle: one,
    rows: 100,
    order: () => state().order,
    hint: ({ types }) => types.join(),
    hrefOf: linkTo(context, list),
  });
  const orders = Object.entries(ORDERS) as [Order, string][];
  const select = createSelect("Order", orders, (order) => navigate({ ...state(), order }));
  panel.element.querySelector(".panel-actions")?.append(select.element);
  const view = createTypedBoard(context, dimension, [panel]);
  return {
    ...view,
    load(shown) {
      select.show(shown.order);
      return view.load(shown);
    },
  };
}

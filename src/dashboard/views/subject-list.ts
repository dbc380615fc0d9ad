import { element } from "../dom/element.ts";
import { topPanel } from "../panels/top-panel.ts";
import { ORDERS, type Order, SUBJECTS, type SubjectList } from "../state/page-state.ts";
import { createBoardView } from "./board-view.ts";
import { linkTo } from "./links.ts";
import type { View, ViewContext } from "./view.ts";

const ORDER_NAMES: Readonly<Record<Order, string>> = {
  count: "most used",
  errors: "most errors",
  error_rate: "highest error share",
  p95: "slowest (P95)",
};

/** Every tool, service, server or client, up to a hundred, by what matters. */
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
    hrefOf: linkTo(context, list),
  });
  const select = element(
    "select",
    { class: "control", "aria-label": "Order" },
    ...ORDERS.map((order) => element("option", { value: order }, ORDER_NAMES[order])),
  );
  select.addEventListener("change", () => navigate({ ...state(), order: select.value as Order }));
  panel.element.querySelector(".panel-actions")?.append(select);
  const view = createBoardView(context, [panel]);
  return {
    ...view,
    load(shown) {
      select.value = shown.order;
      return view.load(shown);
    },
  };
}

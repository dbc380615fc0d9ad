import { element } from "../dom/element.ts";
import { formatCount } from "../format/numbers.ts";
import type { Panel } from "../parts/panel.ts";
import { createSelect } from "../parts/select.ts";
import { chooseType, countTypes, typesToChoose } from "../query/one-type.ts";
import { scopeOf } from "../query/scope.ts";
import type { SubjectDimension } from "../state/page-state.ts";
import { createBoardView } from "./board-view.ts";
import type { View, ViewContext } from "./view.ts";

/**
 * A board whose figures are all of one metric type, which a select names and changes: a median over authentications
 * and calls of tools is of neither.
 *
 * @param dimension what the page lists, or is about
 */
export function createTypedBoard(
  context: ViewContext,
  dimension: SubjectDimension,
  panels: readonly Panel[],
): View {
  const { state, navigate, metricTypes } = context;
  const board = createBoardView(context, panels);
  const select = createSelect<string>("Metric type", [], (metricType) =>
    navigate({ ...state(), metricType }),
  );
  const meaning = element("span", { class: "hint" });
  const row = element("p", { class: "figures-of" }, "Figures of", select.element, meaning);
  const root = element("div", {}, row, board.element);
  let loading = new AbortController();
  let shown: string | undefined;

  return {
    ...board,
    element: root,
    async load(wanted) {
      loading.abort();
      loading = new AbortController();
      const { signal } = loading;
      root.setAttribute("aria-busy", "true");
      await metricTypes.load();
      const counts = await countTypes(context.api, scopeOf(wanted, context.clock.nowMs()), signal);
      if (signal.aborted) return [];
      shown = chooseType(metricTypes, dimension, counts, { wanted: wanted.metricType, shown });
      const types = typesToChoose(metricTypes, dimension, counts, shown);
      select.offer(types.map(([name, count]) => [name, `${name} · ${formatCount(count)}`]));
      select.show(shown);
      meaning.textContent = metricTypes.known.find(({ name }) => name === shown)?.description ?? "";
      const asked = board.load({ ...wanted, metricType: shown });
      root.setAttribute("aria-busy", "false");
      return asked;
    },
    close() {
      loading.abort();
      board.close();
    },
  };
}

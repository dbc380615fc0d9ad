import { type ChartOptions, createChart } from "../charts/chart.ts";
import { type ChartData, isBlank } from "../charts/chart-data.ts";
import { element } from "../dom/element.ts";
import { icon } from "../dom/icons.ts";
import type { QueryScope } from "../query/scope.ts";
import { createPanel, type Panel, type PanelOptions } from "./panel.ts";

/** A panel whose body is a chart. */
export type ChartPanelOptions<Answer> = Pick<
  PanelOptions<Answer>,
  "id" | "title" | "hint" | "columns" | "query" | "emptyText"
> &
  Pick<ChartOptions, "kind" | "formatValue" | "onZoom"> & {
    /** Whether to show `emptyText` instead of the chart. Absent: when there are only gaps and zeros. */
    readonly isEmpty?: (answer: Answer) => boolean;
    /**
     * Turns the answer into lines. Called for each answer, also for one from the cache, so it must not change
     * it.
     */
    readonly read: (answer: Answer, scope: QueryScope) => ChartData;
    /** An element below the chart and what renews it with every answer. */
    readonly below?: { readonly element: HTMLElement; readonly render: (answer: Answer) => void };
  };

/** CSS pixels. The same for every chart, so that neighbours in a row line up. */
const CHART_HEIGHT_PX = 190;

/** A panel with a chart, and a button that puts a table in its place. */
export function createChartPanel<Answer>(options: ChartPanelOptions<Answer>): Panel {
  const { kind, formatValue, onZoom, title, below } = options;
  const chart = createChart({
    label: title,
    kind,
    height: CHART_HEIGHT_PX,
    formatValue,
    ...(onZoom && { onZoom }),
  });
  const asTable = element(
    "button",
    { type: "button", class: "icon-button", "aria-pressed": "false", title: "Show as table" },
    icon("table"),
    element("span", { class: "visually-hidden" }, `Show ${title} as a table`),
  );
  asTable.addEventListener("click", () => {
    const isTable = asTable.getAttribute("aria-pressed") !== "true";
    asTable.setAttribute("aria-pressed", String(isTable));
    chart.showTable(isTable);
  });
  return createPanel<Answer>({
    ...options,
    body: below === undefined ? chart.element : element("div", {}, chart.element, below.element),
    actions: [asTable],
    render(answer, scope) {
      chart.show(options.read(answer, scope), scope.range);
      below?.render(answer);
    },
    // Whether there is anything does not depend on what of it is complete.
    isEmpty: options.isEmpty ?? ((answer) => isBlank(options.read(answer, BLANK_SCOPE))),
    recolor: chart.recolor,
    close: chart.close,
  });
}

/**
 * A scope at the end of time, in which every step is over: whether there is anything at all does not depend
 * on which steps are complete.
 */
const BLANK_SCOPE: QueryScope = {
  range: { startMs: 0, endMs: 0 },
  stepMs: 1,
  nowMs: Number.MAX_SAFE_INTEGER,
  conditions: [],
  types: [],
  key: "",
};

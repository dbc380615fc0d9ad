import { type ChartOptions, createChart } from "../charts/chart.ts";
import { type ChartData, isBlank } from "../charts/chart-data.ts";
import { element } from "../dom/element.ts";
import { icon } from "../dom/icons.ts";
import type { QueryScope } from "../query/scope.ts";
import { createPanel, type Panel, type PanelOptions } from "./panel.ts";

export type ChartPanelOptions<Answer> = Pick<
  PanelOptions<Answer>,
  "id" | "title" | "hint" | "columns" | "query" | "emptyText"
> &
  Pick<ChartOptions, "kind" | "formatValue" | "summarize" | "onZoom"> & {
    /** Absent: when there is nothing but zeroes. */
    readonly isEmpty?: (answer: Answer) => boolean;
    readonly read: (answer: Answer, scope: QueryScope) => ChartData;
    /** Below the chart; renewed with it. */
    readonly below?: { readonly element: HTMLElement; readonly render: (answer: Answer) => void };
  };

export const CHART_HEIGHT_PX = 190;

/** A panel that shows a chart, and on demand its table. */
export function createChartPanel<Answer>(options: ChartPanelOptions<Answer>): Panel {
  const { kind, formatValue, summarize, onZoom, title, below } = options;
  const chart = createChart({
    label: title,
    kind,
    height: CHART_HEIGHT_PX,
    formatValue,
    ...(summarize && { summarize }),
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

const BLANK_SCOPE: QueryScope = {
  range: { startMs: 0, endMs: 0 },
  stepMs: 1,
  nowMs: Number.MAX_SAFE_INTEGER,
  conditions: [],
  key: "",
};

import type { Api } from "../api/api.ts";
import { element } from "../dom/element.ts";
import { createFilterMenu } from "../parts/filter-menu.ts";
import { createRangeMenu } from "../parts/range-menu.ts";
import { createZoneSwitch } from "../parts/zone-switch.ts";
import { scopeOf, toSelection } from "../query/scope.ts";
import {
  FILTER_DIMENSIONS,
  type FilterDimension,
  isSubjectList,
  type PageState,
  SUBJECTS,
  type ViewName,
  withFilter,
} from "../state/page-state.ts";
import type { ViewContext } from "../views/view.ts";

/** As the filter's button says it. */
const LABELS: Readonly<Record<FilterDimension, string>> = {
  service: "Service",
  server: "Server",
  method: "Method",
  client: "Client",
};
/** Values to choose from without typing; of more, those that begin with what is typed are asked for. */
const VALUES_MAX = 1000;
/** Views without filters and time: they show no single metrics, or have a time of their own. */
const UNFILTERED: ReadonlySet<ViewName> = new Set(["directory", "keys", "storage"]);

/** The filter menus and the time menu. Both only navigate: the address changes, and the page follows it. */
export function createToolbar(
  context: Pick<ViewContext, "api" | "clock" | "state" | "navigate" | "identity">,
) {
  const { api, clock, state, navigate, identity } = context;
  const nowMs = () => clock.nowMs();
  // A writer key sees one service; there is nothing to choose.
  const dimensions = FILTER_DIMENSIONS.filter((name) => name !== "service" || identity.role !== "writer");
  const filters = dimensions.map((dimension) => ({
    dimension,
    menu: createFilterMenu({
      label: LABELS[dimension],
      find: (prefix) => findValues(api, state(), dimension, prefix, nowMs()),
      onChoose: (value) => navigate(withFilter(state(), dimension, value)),
    }),
  }));
  const range = createRangeMenu({ nowMs, onChoose: (chosen) => navigate({ ...state(), range: chosen }) });
  const zone = createZoneSwitch((chosen) => navigate({ ...state(), zone: chosen }));
  const filterGroup = element(
    "div",
    { class: "filters", role: "group", "aria-label": "Filters" },
    ...filters.map(({ menu }) => menu.element),
  );
  return {
    filters: filterGroup,
    range: range.element,
    zone: zone.element,
    show(shown: PageState): void {
      const { view, subject } = shown;
      // The page of one server cannot be filtered by another server.
      const fixed = isSubjectList(view) && subject !== undefined ? SUBJECTS[view].dimension : undefined;
      for (const { dimension, menu } of filters) {
        menu.show(shown.filters[dimension]);
        menu.element.hidden = dimension === fixed;
      }
      range.show(shown.range);
      zone.show(shown.zone);
      filterGroup.hidden = UNFILTERED.has(view);
      range.element.hidden = filterGroup.hidden;
    },
  };
}

/**
 * The values that occur in the chosen time under the other filters, most frequent first: a choice always
 * leads to data. The filter's own dimension is left out, else its present value would be the only one.
 */
async function findValues(
  api: Api,
  state: PageState,
  dimension: FilterDimension,
  prefix: string,
  nowMs: number,
) {
  const scope = scopeOf(withFilter(state, dimension), nowMs);
  const answer = await api.query.listDimensionValues({
    ...toSelection(scope),
    dimension,
    prefix,
    pageSize: VALUES_MAX,
  });
  const values = answer.values
    .map(({ value, count }) => ({ value, count: Number(count) }))
    .sort((a, b) => b.count - a.count);
  return { values, isComplete: answer.nextPageToken === "" };
}

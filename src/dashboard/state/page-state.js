import { DEFAULT_RANGE } from "./time-range.ts";
/** Dimensions that have a list and a page for each of their values, by the list's name in the address. */
export const SUBJECTS = {
  tools: { dimension: "tool", one: "Tool", many: "Tools" },
  services: { dimension: "service", one: "Service", many: "Services" },
  servers: { dimension: "server", one: "Server", many: "Servers" },
  clients: { dimension: "client", one: "Client", many: "Clients" },
};
export const OTHER_VIEWS = ["overview", "events", "keys", "storage"];
/** What every page can be narrowed to. */
export const FILTER_DIMENSIONS = ["service", "server", "method", "client"];
/** What statistic a list is ordered by. */
export const ORDERS = ["count", "errors", "error_rate", "p95"];
export const DEFAULT_STATE = {
  view: "overview",
  subject: undefined,
  range: DEFAULT_RANGE,
  filters: {},
  eventType: undefined,
  outcome: undefined,
  order: "count",
  autoRefresh: true,
};
export function isSubjectList(view) {
  return Object.hasOwn(SUBJECTS, view);
}
/** Another view with the time and the filters as they are; what belongs to one view alone begins anew. */
export function openView(state, view, subject) {
  const { range, filters, autoRefresh } = state;
  return { ...DEFAULT_STATE, range, filters, autoRefresh, view, subject };
}
/** One filter set, or with undefined taken away. */
export function withFilter(state, dimension, value) {
  const { [dimension]: _, ...others } = state.filters;
  return { ...state, filters: value === undefined ? others : { ...others, [dimension]: value } };
}

import { DEFAULT_RANGE, type RangeChoice } from "./time-range.ts";

/** Dimensions that have a list and a page for each of their values, by the list's name in the address. */
export const SUBJECTS = {
  tools: { dimension: "tool", one: "Tool", many: "Tools" },
  services: { dimension: "service", one: "Service", many: "Services" },
  servers: { dimension: "server", one: "Server", many: "Servers" },
  clients: { dimension: "client", one: "Client", many: "Clients" },
} as const;

export type SubjectList = keyof typeof SUBJECTS;
export type SubjectDimension = (typeof SUBJECTS)[SubjectList]["dimension"];

export const OTHER_VIEWS = ["overview", "events", "keys", "storage"] as const;
export type ViewName = (typeof OTHER_VIEWS)[number] | SubjectList;

/** What every page can be narrowed to. */
export const FILTER_DIMENSIONS = ["service", "server", "method", "client"] as const;
export type FilterDimension = (typeof FILTER_DIMENSIONS)[number];
export type Filters = Readonly<Partial<Record<FilterDimension, string>>>;

/** What statistic a list is ordered by. */
export const ORDERS = ["count", "errors", "error_rate", "p95"] as const;
export type Order = (typeof ORDERS)[number];

/** Everything that decides what a page shows. The address holds the whole of it. */
export interface PageState {
  readonly view: ViewName;
  /** Whose page in a list of subjects: a tool's name, a service's; undefined for the list itself. */
  readonly subject: string | undefined;
  readonly range: RangeChoice;
  readonly filters: Filters;
  /** The events view only: a metric type, and how it ended. */
  readonly eventType: string | undefined;
  readonly outcome: "success" | "failure" | undefined;
  readonly order: Order;
  readonly autoRefresh: boolean;
}

export const DEFAULT_STATE: PageState = {
  view: "overview",
  subject: undefined,
  range: DEFAULT_RANGE,
  filters: {},
  eventType: undefined,
  outcome: undefined,
  order: "count",
  autoRefresh: true,
};

export function isSubjectList(view: string): view is SubjectList {
  return Object.hasOwn(SUBJECTS, view);
}

/** Another view with the time and the filters as they are; what belongs to one view alone begins anew. */
export function openView(state: PageState, view: ViewName, subject?: string): PageState {
  const { range, filters, autoRefresh } = state;
  return { ...DEFAULT_STATE, range, filters, autoRefresh, view, subject };
}

/** One filter set, or with undefined taken away. */
export function withFilter(state: PageState, dimension: FilterDimension, value?: string): PageState {
  const { [dimension]: _, ...others } = state.filters;
  return { ...state, filters: value === undefined ? others : { ...others, [dimension]: value } };
}

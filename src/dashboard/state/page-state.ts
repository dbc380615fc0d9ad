import { DEFAULT_RANGE, type DirectoryPeriod, type RangeChoice } from "./time-range.ts";

/** Dimensions that have a list and a page for each of their values, by the list's name in the address. */
export const SUBJECTS = {
  tools: { dimension: "tool", one: "Tool", many: "Tools" },
  services: { dimension: "service", one: "Service", many: "Services" },
  servers: { dimension: "server", one: "Server", many: "Servers" },
  clients: { dimension: "client", one: "Client", many: "Clients" },
} as const;

export type SubjectList = keyof typeof SUBJECTS;
export type SubjectDimension = (typeof SUBJECTS)[SubjectList]["dimension"];

export const OTHER_VIEWS = {
  overview: "Overview",
  events: "Events",
  directory: "Directory",
  keys: "Keys",
  storage: "Storage",
} as const;

export type ViewName = keyof typeof OTHER_VIEWS | SubjectList;

/** What every page can be narrowed to. */
export const FILTER_DIMENSIONS = ["service", "server", "method", "client"] as const;
export type FilterDimension = (typeof FILTER_DIMENSIONS)[number];
export type Filters = Readonly<Partial<Record<FilterDimension, string>>>;

export const ORDERS = {
  count: "most used",
  errors: "most errors",
  error_rate: "highest error share",
  p95: "slowest (P95)",
} as const;

export type Order = keyof typeof ORDERS;

/** Everything that decides what a page shows. The address holds the whole of it. */
export interface PageState {
  readonly view: ViewName;
  /** Whose page: a tool's name, a service's, the id of a directory's server; undefined for the list of them. */
  readonly subject: string | undefined;
  readonly range: RangeChoice;
  readonly filters: Filters;
  /** The events view only: a metric type, and how it ended. */
  readonly eventType: string | undefined;
  readonly outcome: "success" | "failure" | undefined;
  readonly order: Order;
  /** The directory only. */
  readonly period: DirectoryPeriod;
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
  period: "7d",
  autoRefresh: true,
};

export function titleOfView(view: ViewName): string {
  return isSubjectList(view) ? SUBJECTS[view].many : OTHER_VIEWS[view];
}

export function isViewName(name: string): name is ViewName {
  return isSubjectList(name) || Object.hasOwn(OTHER_VIEWS, name);
}

export function isOrder(name: string): name is Order {
  return Object.hasOwn(ORDERS, name);
}

export function isSubjectList(view: string): view is SubjectList {
  return Object.hasOwn(SUBJECTS, view);
}

/** Whether a view has a page for each of what it lists. */
export function hasSubjects(view: ViewName): boolean {
  return isSubjectList(view) || view === "directory";
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

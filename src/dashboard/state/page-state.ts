import { DEFAULT_RANGE, type DirectoryPeriod, type RangeChoice, type Zone } from "./time-range.ts";

/** Dimensions that have a list and a page for each of their values, by the list's name in the address. */
export const SUBJECTS = {
  tools: { dimension: "tool", one: "Tool", many: "Tools" },
  services: { dimension: "service", one: "Service", many: "Services" },
  servers: { dimension: "server", one: "Server", many: "Servers" },
  clients: { dimension: "client", one: "Client", many: "Clients" },
} as const;

/** The lists' names, as they stand in the address. */
export type SubjectList = keyof typeof SUBJECTS;
/** Dimensions of which each value has a page. */
export type SubjectDimension = (typeof SUBJECTS)[SubjectList]["dimension"];

/** All other views: their names in the address, and their titles. */
export const OTHER_VIEWS = {
  overview: "Overview",
  events: "Events",
  directory: "Directory",
  keys: "Keys",
  storage: "Storage",
} as const;

/** Every view that the address can name. */
export type ViewName = keyof typeof OTHER_VIEWS | SubjectList;

/**
 * Dimensions that every page with metrics can be filtered by. The service knows them in all types that have
 * such a thing, whatever a type calls it.
 */
export const FILTER_DIMENSIONS = ["service", "server", "method", "client"] as const;
/** One of them. */
export type FilterDimension = (typeof FILTER_DIMENSIONS)[number];
/** The filters that are set; a dimension that is not filtered has no entry. */
export type Filters = Readonly<Partial<Record<FilterDimension, string>>>;

/**
 * Statistics that a list can be ordered by, by their names in QueryService, and what the page calls the
 * order.
 */
export const ORDERS = {
  count: "most used",
  errors: "most errors",
  error_rate: "highest error share",
  p95: "slowest (P95)",
} as const;

/** The statistic's name; also stands in the address. */
export type Order = keyof typeof ORDERS;

/** Everything that decides what a page shows. The address holds the whole of it. */
export interface PageState {
  readonly view: ViewName;
  /**
   * Whose page: the name of a tool, service, server or client, or the id of a directory's server; undefined for
   * the list of them.
   */
  readonly subject: string | undefined;
  /** Which time; ignored by the views that have none. */
  readonly range: RangeChoice;
  /** Kept from view to view. */
  readonly filters: Filters;
  /**
   * The events view: which metric type; undefined for all. Lists and their subjects: of which one the figures are;
   * undefined for the usual one.
   */
  readonly metricType: string | undefined;
  /** The events view only: how they ended; undefined for any. */
  readonly outcome: "success" | "failure" | undefined;
  /** Lists only. */
  readonly order: Order;
  /** The directory only. */
  readonly period: DirectoryPeriod;
  /** Whether the page loads again by itself. */
  readonly autoRefresh: boolean;
  /** Kept from view to view; who opens a link in UTC reads the same times as its sender. */
  readonly zone: Zone;
}

/** What an address without a hash shows. Everything that is as here is left out of addresses. */
export const DEFAULT_STATE: PageState = {
  view: "overview",
  subject: undefined,
  range: DEFAULT_RANGE,
  filters: {},
  metricType: undefined,
  outcome: undefined,
  order: "count",
  period: "7d",
  autoRefresh: true,
  zone: "local",
};

/** The title of a view, in the navigation and as its heading. */
export function titleOfView(view: ViewName): string {
  return isSubjectList(view) ? SUBJECTS[view].many : OTHER_VIEWS[view];
}

/** Whether the address names a view that exists. */
export function isViewName(name: string): name is ViewName {
  return isSubjectList(name) || Object.hasOwn(OTHER_VIEWS, name);
}

/** Whether the address names an order that exists. */
export function isOrder(name: string): name is Order {
  return Object.hasOwn(ORDERS, name);
}

/** Whether a view is a list of tools, services, servers or clients. */
export function isSubjectList(view: string): view is SubjectList {
  return Object.hasOwn(SUBJECTS, view);
}

/** Whether a view has a page for each of what it lists. */
export function hasSubjects(view: ViewName): boolean {
  return isSubjectList(view) || view === "directory";
}

/**
 * Another view with the same time and filters. What belongs to one view alone, as an order, begins anew; what the
 * figures of a list are of stays so on the pages that it leads to.
 *
 * @param subject whose page; undefined for the list
 */
export function openView(state: PageState, view: ViewName, subject?: string): PageState {
  const { range, filters, autoRefresh, zone } = state;
  const metricType = isSubjectList(view) && isSubjectList(state.view) ? state.metricType : undefined;
  return { ...DEFAULT_STATE, range, filters, autoRefresh, zone, metricType, view, subject };
}

/** The state with one filter set, or with undefined taken away; all else stays. */
export function withFilter(state: PageState, dimension: FilterDimension, value?: string): PageState {
  const { [dimension]: _, ...others } = state.filters;
  return { ...state, filters: value === undefined ? others : { ...others, [dimension]: value } };
}

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

export const OTHER_VIEWS = ["overview", "events", "directory", "keys", "storage"] as const;
export type ViewName = (typeof OTHER_VIEWS)[number] | SubjectList;

/** What every page can be narrowed to. */
export const FILTER_DIMENSIONS = ["service", "server", "method", "client"] as const;
export type FilterDimension = (typeof FILTER_DIMENSIONS)[number];
export type Filters = Readonly<Partial<Record<FilterDimension, string>>>;

/** What statistic a list is ordered by. */
export const ORDERS = ["count", "errors", "error_rate", "p95"] as const;
export type Order = (typeof ORDERS)[number];

/** The periods that a directory's servers are shown over. */
export const PERIODS = ["1h", "6h", "12h", "1d", "7d", "30d", "90d"] as const;
export type Period = (typeof PERIODS)[number];

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const PERIOD_MS: Readonly<Record<Period, number>> = {
  "1h": HOUR_MS,
  "6h": 6 * HOUR_MS,
  "12h": 12 * HOUR_MS,
  "1d": DAY_MS,
  "7d": 7 * DAY_MS,
  "30d": 30 * DAY_MS,
  "90d": 90 * DAY_MS,
};

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
  readonly period: Period;
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

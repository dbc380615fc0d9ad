/**
 * The address as the page's state: a link shows what its sender saw, and the back button works.
 *
 *   #/tools/search_issue?range=6h&service=mcpgw
 *
 * It stands after the hash, which browsers send to no server and no log.
 */
import {
  DEFAULT_STATE,
  FILTER_DIMENSIONS,
  hasSubjects,
  isOrder,
  isViewName,
  type PageState,
} from "./page-state.ts";
import { DEFAULT_RANGE, fixedRange, isDirectoryPeriod, isPreset, type RangeChoice } from "./time-range.ts";

/**
 * UTF-16 code units. The service takes values of 200 code points; what is longer than that can be is not
 * asked for.
 */
const VALUE_LENGTH_MAX = 400;

/**
 * The state that an address asks for. Never fails: what is not understood is as in `DEFAULT_STATE`, so that
 * an old or mistyped link shows what it still can.
 */
export function parseHash(hash: string): PageState {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [first = "", second] = path.split("/", 2);
  const view = isViewName(first) ? first : DEFAULT_STATE.view;
  const parameters = new URLSearchParams(query);
  const value = (name: string) => bounded(parameters.get(name));
  const filters = FILTER_DIMENSIONS.flatMap((name) => {
    const found = value(name);
    return found === undefined ? [] : [[name, found] as const];
  });
  const [outcome, order = "", period = ""] = ["outcome", "by", "period"].map(value);
  return {
    view,
    subject: hasSubjects(view) && second ? bounded(decode(second)) : undefined,
    range: readRange(value("range"), value("from"), value("to")),
    filters: Object.fromEntries(filters),
    metricType: value("type"),
    outcome: outcome === "success" || outcome === "failure" ? outcome : undefined,
    order: isOrder(order) ? order : DEFAULT_STATE.order,
    period: isDirectoryPeriod(period) ? period : DEFAULT_STATE.period,
    autoRefresh: value("refresh") !== "off",
    zone: value("zone") === "utc" ? "utc" : "local",
  };
}

/** The shortest address of a state. `parseHash` makes the same state of it again. */
export function formatHash(state: PageState): string {
  const { view, subject, range, filters, order } = state;
  const place = view === DEFAULT_STATE.view ? "" : view;
  const path = subject === undefined ? place : `${place}/${encodeURIComponent(subject)}`;
  const said = new URLSearchParams();
  if (range.kind === "fixed") {
    said.set("from", new Date(range.fromMs).toISOString().replace(".000Z", "Z"));
    said.set("to", new Date(range.toMs).toISOString().replace(".000Z", "Z"));
  } else if (range.preset !== DEFAULT_RANGE.preset) said.set("range", range.preset);
  for (const name of FILTER_DIMENSIONS) {
    const value = filters[name];
    if (value !== undefined) said.set(name, value);
  }
  if (state.metricType !== undefined) said.set("type", state.metricType);
  if (state.outcome !== undefined) said.set("outcome", state.outcome);
  if (order !== DEFAULT_STATE.order) said.set("by", order);
  if (state.period !== DEFAULT_STATE.period) said.set("period", state.period);
  if (!state.autoRefresh) said.set("refresh", "off");
  if (state.zone !== DEFAULT_STATE.zone) said.set("zone", state.zone);
  return said.size === 0 ? `#/${path}` : `#/${path}?${said}`;
}

/** A preset wins over a fixed range; one that cannot be shown becomes the default. */
function readRange(preset?: string, from?: string, to?: string): RangeChoice {
  if (preset !== undefined && isPreset(preset)) return { kind: "last", preset };
  if (from === undefined || to === undefined) return DEFAULT_RANGE;
  return fixedRange(Date.parse(from), Date.parse(to)) ?? DEFAULT_RANGE;
}

/** Empty values and those that are too long count as absent. */
function bounded(value: string | null | undefined): string | undefined {
  return value && value.length <= VALUE_LENGTH_MAX ? value : undefined;
}

/** Undefined for what is no percent encoding, as `%` alone. */
function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

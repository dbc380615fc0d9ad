import { findMetricType } from "../../catalogue/catalogue.ts";
import type { Budget } from "../../store/plan/budget.ts";
import { Groups } from "../../store/plan/groups.ts";
import { type PlanInput, type Plans, planRange, planRaw, planSteps } from "../../store/plan/planner.ts";
import type { RowSource } from "../../store/plan/row-source.ts";
import { createSelector, type Selector } from "../../store/plan/selector.ts";
import { shortenEnds } from "../../store/plan/shorten-ends.ts";
import { parseStatistic, type Statistic } from "../../store/plan/statistics.ts";
import type { AggregateAnswer, AggregateQuery, SourceUse, TimeRange } from "../../store/queries.ts";
import type { Database } from "../file/database.ts";
import type { Dictionaries } from "./dictionaries.ts";
import type { HourCache } from "./hour-cache.ts";
import { KeyGroups } from "./key-groups.ts";
import { type PlannedType, RawGroups } from "./raw-groups.ts";
import { openRawSource } from "./raw-source.ts";
import { openRollupSource } from "./rollup-source.ts";
import { readForeignSources } from "./seen-sources.ts";
import { readStored } from "./stored.ts";
import { openTailSource } from "./tail-source.ts";

/** What a query is carried out with. */
export interface QueryContext {
  /** In a snapshot for the length of the query. */
  readonly database: Database;
  readonly dictionaries: Dictionaries;
  /** Ends the query when its time is over or nobody waits any more. */
  readonly budget: Budget;
  readonly hourCache: HourCache;
}

/**
 * Raw rows that the ends of a range without a step may take, some 100 ms; beyond, ends are rounded to hours.
 */
const END_ROWS_MAX = 100_000;
const COUNT = `SELECT count(*) AS count FROM (
  SELECT 1 FROM measurements WHERE ts >= ? AND ts < ? LIMIT ${END_ROWS_MAX + 1}
)`;

/**
 * Statistics of measurements, in groups, for one range or step by step. In a snapshot: rollups and what is
 * not in them yet must be of one moment.
 *
 * @throws {ServiceError} `validation_failed` beyond a limit, or where retention has deleted what alone could
 * answer; `deadline_exceeded`.
 */
export function runAggregate(context: QueryContext, query: AggregateQuery): AggregateAnswer {
  const { database } = context;
  const statistics = query.statistics.map(statisticOf);
  const selectors = query.types.flatMap((name) => selectorOf(name, ownPart(query)));
  const stored = readStored(database);
  const inputs = selectors.map(
    ({ type, dimensions }): PlanInput => ({ type, dimensions, stored: stored(type) }),
  );
  const needs = new Set(statistics.map((each) => each.needs));
  const { range, plans } = plan(database, query, inputs, needs);

  const stepMs = query.stepMs ?? range.endMs - range.startMs;
  const points = Math.round((range.endMs - range.startMs) / stepMs);
  const groups = new Groups(query, statistics, points);
  const own = selectors.flatMap((selector, index): PlannedType[] => {
    const plan = plans[index];
    return plan === undefined ? [] : [{ selector, plan }];
  });
  const types = [...own, ...planForeign(database, query, stored, range)];
  const sources = openSources(context, types, groups, needs);
  let totals: Float64Array | undefined;
  for (let point = 0; point < points; point += 1) {
    // The last one takes all that is left: what is subtracted may lie behind the end.
    const isLast = point === points - 1;
    const untilMs = isLast ? Number.POSITIVE_INFINITY : range.startMs + (point + 1) * stepMs;
    context.budget.spend(0);
    for (const source of sources) source.feed(untilMs);
    if (query.withTotals) totals = groups.totals(stepMs / 1000);
    groups.closePoint(point, stepMs / 1000);
  }
  return { range, groups: groups.answer(), totals, sources: describeSources(types) };
}

/** Of what a writer sees, the part that rollups tell: its own service's. */
function ownPart(query: AggregateQuery): AggregateQuery {
  if (query.seenBy === undefined) return query;
  const own = { dimension: "service", values: [query.seenBy], isNegated: false };
  return { ...query, filters: [...query.filters, own] };
}

/** The other part: what its keys wrote for other services, in the sources that the query's filters leave. */
function planForeign(
  database: Database,
  query: AggregateQuery,
  stored: ReturnType<typeof readStored>,
  range: TimeRange,
): readonly PlannedType[] {
  if (query.seenBy === undefined) return [];
  const asked = query.filters.filter(({ dimension }) => dimension === "service");
  const sources = new Map(
    [...readForeignSources(database, query.seenBy)].filter(([, service]) =>
      asked.every(({ values, isNegated }) => values.includes(service) !== isNegated),
    ),
  );
  if (sources.size === 0) return [];
  return query.types
    .flatMap((name) => selectorOf(name, query))
    .map((selector) => {
      const { type, dimensions } = selector;
      return { selector, sources, plan: planRaw({ type, dimensions, stored: stored(type) }, range) };
    });
}

/** Which rows answer the query; without a step, its range may be rounded (the answer's `range`). */
function plan(
  database: Database,
  { range, stepMs }: AggregateQuery,
  inputs: readonly PlanInput[],
  needs: ReadonlySet<Statistic["needs"]>,
): Plans {
  if (stepMs !== undefined) return planSteps(inputs, range, stepMs);
  const count = ({ startMs, endMs }: TimeRange) => Number(database.first(COUNT, startMs, endMs)?.count);
  const isSmall = (ranges: readonly TimeRange[]) =>
    ranges.reduce((sum, each) => sum + count(each), 0) <= END_ROWS_MAX;
  const canSubtract = !needs.has("values") && !needs.has("durations");
  return shortenEnds(planRange(inputs, range, isSmall), { count, canSubtract });
}

function openSources(
  { database, dictionaries, budget, hourCache: cache }: QueryContext,
  types: readonly PlannedType[],
  groups: Groups,
  needs: ReadonlySet<Statistic["needs"]>,
): readonly RowSource[] {
  const raw = new RawGroups(dictionaries, types, groups);
  const rollups = types.flatMap(({ selector, plan: { family, segments } }) => {
    if (family === undefined) return [];
    const keys = new KeyGroups(database, family, selector, groups);
    return segments
      .filter(({ source }) => source === "hourly" || source === "daily")
      .map((segment) => openRollupSource({ database, family, segment, keys, needs, budget, cache }));
  });
  return [
    ...rollups,
    openTailSource(database, types, raw, budget),
    openRawSource(database, types, raw, budget),
  ];
}

function statisticOf(name: string): Statistic {
  const statistic = parseStatistic(name);
  if (statistic === undefined) throw new Error(`a query for the statistic ${name}, which nobody checked`);
  return statistic;
}

function selectorOf(name: string, { filters, groupBy }: AggregateQuery): readonly Selector[] {
  const type = findMetricType(name);
  if (type === undefined) throw new Error(`a query for the type ${name}, which nobody checked`);
  const selector = createSelector(type, filters, groupBy);
  return selector === undefined ? [] : [selector];
}

/** What was read for which types, for the answer's `sources`. */
function describeSources(types: readonly PlannedType[]): readonly SourceUse[] {
  const uses = new Map<string, { types: string[]; source: SourceUse["source"]; range: TimeRange }>();
  for (const { selector, plan } of types) {
    for (const { source, startMs, endMs } of plan.segments) {
      const name = `${startMs} ${endMs} ${source}`;
      const use = uses.get(name) ?? { types: [], source, range: { startMs, endMs } };
      if (!use.types.includes(selector.type.name)) use.types.push(selector.type.name);
      uses.set(name, use);
    }
  }
  return [...uses.values()].sort((a, b) => a.range.startMs - b.range.startMs);
}

import { DAY_MS } from "../../lib/time.ts";
import type { ChartAnswer, ChartLine, ChartPoint, ChartQuery } from "../../store/directory.ts";
import type { Budget } from "../../store/plan/budget.ts";
import { sketchOf } from "../../store/plan/sketch.ts";
import { countPositive, ValueSample } from "../../store/plan/value-sketch.ts";
import type { Database } from "../file/database.ts";
import { HEALTH_CHECK } from "./health.ts";
import { readValues } from "./read-values.ts";
import { type Known, readStatusChanges, timeUp } from "./uptime.ts";

/**
 * Types whose values add up within a step, as a counter's do; those of all others are averaged, as a gauge's.
 */
const SUMMED_TYPES = new Set(["counter", "count"]);

const SERIES = `SELECT id, metric_name, metric_type FROM server_series
  WHERE server_number = ? ORDER BY metric_name, metric_type`;
const DELETED = `SELECT deleted_before_ms FROM retention_policies
  WHERE table_name = 'server_metrics' AND deleted_before_ms > ?`;
const SUMS = `SELECT CAST((ts - ?2) / ?4 AS INTEGER) AS step, count(*) AS count, sum(value) AS sum,
    sum(value > 0) AS good FROM server_points
  WHERE series_id = ?1 AND ts >= ?2 AND ts < ?3 GROUP BY step`;
const DAYS = `SELECT day, count, sum, sketch FROM server_days WHERE series_id = ? AND day >= ? AND day < ?
  ORDER BY day`;

/**
 * Steps that one statement reads; the budget is looked at between two statements, since none can be
 * interrupted.
 */
const STEPS_PER_READ = 24;

/** What the values of one step come to; the sample stays empty unless quantiles are asked for. */
interface Step {
  count: number;
  sum: number;
  /** How many of the values are more than 0. */
  good: number;
  readonly sample: ValueSample;
}
type Steps = Map<number, Step>;

/**
 * A server's metrics over time, from the points themselves or, by steps of a day, from what each day adds up
 * to. Where retention has deleted points of the range, days are all there is: the answer's `stepMs` is then a
 * day, whatever was asked for. The range begins at the step that its start lies in.
 *
 * @throws {ServiceError} `deadline_exceeded` when `budget` is spent.
 */
export function readChart(database: Database, query: ChartQuery, budget: Budget): ChartAnswer {
  const isDaily = query.stepMs === DAY_MS || database.first(DELETED, query.startMs) !== undefined;
  const stepMs = isDaily ? DAY_MS : query.stepMs;
  const startMs = Math.floor(query.startMs / stepMs) * stepMs;
  const asked = { ...query, stepMs, startMs };
  const byLine = new Map<string, { name: string; isSummed: boolean; steps: Steps }>();
  for (const { id, metric_name, metric_type } of database.all(SERIES, query.server)) {
    const name = String(metric_name);
    const isUptime = query.withUptime && name === HEALTH_CHECK;
    if (!isUptime && query.names !== undefined && !query.names.includes(name)) continue;
    const isSummed = SUMMED_TYPES.has(String(metric_type));
    const line = byLine.get(`${isSummed} ${name}`) ?? { name, isSummed, steps: new Map() };
    byLine.set(`${isSummed} ${name}`, line);
    if (isDaily) readDays(database, Number(id), asked, line.steps);
    else readPoints(database, Number(id), asked, line.steps, budget);
    budget.spend(line.steps.size);
  }
  const lines = [...byLine.values()].filter(({ steps }) => steps.size > 0).map((line) => toLine(line, asked));
  const checks = byLine.get(`false ${HEALTH_CHECK}`)?.steps ?? new Map();
  const uptime = query.withUptime ? readUptime(database, asked, checks) : NO_UPTIME;
  return { lines, ...uptime, stepMs };
}

function readPoints(database: Database, id: number, query: ChartQuery, steps: Steps, budget: Budget): void {
  const { startMs, endMs, stepMs, quantiles } = query;
  for (let fromMs = startMs; fromMs < endMs; fromMs += STEPS_PER_READ * stepMs) {
    const untilMs = Math.min(fromMs + STEPS_PER_READ * stepMs, endMs);
    for (const row of database.all(SUMS, id, fromMs, untilMs, stepMs)) {
      const step = stepIn(steps, fromMs + Number(row.step) * stepMs);
      addTo(step, row);
      step.good += Number(row.good);
    }
    budget.spend(0);
  }
  if (quantiles.length === 0) return;
  for (const rows of readValues(database, id, startMs, endMs)) {
    for (const { ts, value } of rows) {
      const atMs = Math.floor(Number(ts) / stepMs) * stepMs;
      stepIn(steps, atMs).sample.add(Number(value));
    }
    budget.spend(rows.length);
  }
}

function readDays(database: Database, id: number, { startMs, endMs }: ChartQuery, steps: Steps): void {
  for (const row of database.all(DAYS, id, startMs / DAY_MS, Math.ceil(endMs / DAY_MS))) {
    const step = stepIn(steps, Number(row.day) * DAY_MS);
    addTo(step, row);
    const sketch = sketchOf(new Uint8Array(row.sketch as unknown as ArrayBuffer));
    step.sample.addSketch(sketch);
    step.good += countPositive(sketch);
  }
}

function stepIn(steps: Steps, startMs: number): Step {
  let step = steps.get(startMs);
  if (step === undefined) {
    step = { count: 0, sum: 0, good: 0, sample: new ValueSample() };
    steps.set(startMs, step);
  }
  return step;
}

function addTo(step: Step, row: Readonly<Record<string, unknown>>): void {
  step.count += Number(row.count);
  step.sum += Number(row.sum);
}

function toLine(
  { name, isSummed, steps }: { name: string; isSummed: boolean; steps: Steps },
  { quantiles }: ChartQuery,
): ChartLine {
  const points = [...steps]
    .sort(([a], [b]) => a - b)
    .map(([startMs, { count, sum, sample }]) => ({
      startMs,
      value: isSummed ? sum : sum / count,
      quantiles: sample.quantiles(quantiles).map((value) => value ?? Number.NaN),
    }));
  const [sum, count] = [...steps.values()].reduce(([a, b], step) => [a + step.sum, b + step.count], [0, 0]);
  return { name, isSummed, points, total: isSummed ? sum : sum / count };
}

/** Where uptime is not asked for. */
const NO_UPTIME: Uptime = { uptime: [], uptimeTotal: undefined };

type Uptime = Pick<ChartAnswer, "uptime" | "uptimeTotal">;

/**
 * The share of each step that the server was up, and of all of them together: by its health checks, or where a
 * step has none, by its events.
 *
 * Of all together every check weighs the same. Time that only events tell of weighs as much as that much of an
 * average step with checks.
 */
function readUptime(database: Database, query: ChartQuery, checks: Steps): Uptime {
  const { serverId, startMs, endMs, stepMs } = query;
  const changes = readStatusChanges(database, serverId, startMs, endMs);
  const points: ChartPoint[] = [];
  const [checked, fromEvents]: [Known[], Known[]] = [[], []];
  for (let atMs = startMs; atMs < endMs; atMs += stepMs) {
    const found = checks.get(atMs);
    const known: Known =
      found === undefined
        ? timeUp(changes, atMs, Math.min(atMs + stepMs, endMs))
        : { good: found.good, all: found.count };
    if (known.all === 0) continue;
    (found === undefined ? fromEvents : checked).push(known);
    points.push({ startMs: atMs, value: known.good / known.all, quantiles: [] });
  }
  const [ofChecks, ofEvents] = [addUp(checked), addUp(fromEvents)];
  const checksPerMs = checked.length === 0 ? 1 : ofChecks.all / (checked.length * stepMs);
  const all = ofChecks.all + ofEvents.all * checksPerMs;
  const good = ofChecks.good + ofEvents.good * checksPerMs;
  return { uptime: points, uptimeTotal: all === 0 ? undefined : good / all };
}

function addUp(parts: readonly Known[]): Known {
  return parts.reduce((sum, { good, all }) => ({ good: sum.good + good, all: sum.all + all }), {
    good: 0,
    all: 0,
  });
}

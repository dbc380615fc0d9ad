/** What rollups must say, computed from a plain list of metrics in the most obvious way. */
import { METRIC_TYPES } from "../../../src/catalogue/catalogue.ts";
import type { Database } from "../../../src/sqlite/file/database.ts";
import { mergeEncoded, quantiles, RELATIVE_ERROR, type Sketch } from "../../../src/store/plan/sketch.ts";
import type { ModelMetric } from "../../store/aggregate-model.ts";
import { plainQuantile } from "../../support/plain-quantile.ts";

export interface Totals {
  readonly count: number;
  readonly successes: number;
  readonly failures: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  /** Ascending. */
  readonly durations: readonly number[];
}

/** Everything that distinguishes a row of a rollup table → what it adds up to. */
export function expectedRollups(metrics: readonly ModelMetric[], bucketMs: number): Map<string, Totals> {
  const groups = new Map<string, ModelMetric[]>();
  for (const metric of metrics) {
    for (const dimensions of familiesOf(metric.type)) {
      const values = dimensions.map((name) => textOf(name, metric.dimensions[name]));
      const bucket = Math.floor(metric.timestampMs / bucketMs);
      const row = nameOfRow(metric.type, dimensions, bucket, metric.service, values);
      groups.set(row, [...(groups.get(row) ?? []), metric]);
    }
  }
  return new Map([...groups].map(([row, members]) => [row, totalsOf(members)]));
}

function familiesOf(type: string): readonly (readonly string[])[] {
  return [[], ...(METRIC_TYPES.find(({ name }) => name === type)?.rollups ?? [])];
}

const nameOfRow = (...parts: readonly unknown[]) => JSON.stringify(parts);

const isOutcome = (name: string) => name === "success" || name === "healthy";

function textOf(name: string, value: unknown): string | null {
  if (value === undefined || value === null || value === "") return null;
  if (!isOutcome(name)) return String(value);
  if (["true", "1"].includes(String(value).toLowerCase())) return "true";
  return ["false", "0"].includes(String(value).toLowerCase()) ? "false" : null;
}

function totalsOf(metrics: readonly ModelMetric[]): Totals {
  const outcomes = metrics.map(({ type, dimensions }) => {
    const name = type === "health_check" ? "healthy" : "success";
    const known = ["auth_request", "tool_execution", "registry_operation", "health_check"].includes(type);
    return known ? textOf(name, dimensions[name]) : null;
  });
  const durations = metrics.flatMap(({ type, value, durationMs }) => {
    if (durationMs !== undefined) return [durationMs];
    return type === "protocol_latency" && value >= 0 && value <= 86_400 ? [value * 1000] : [];
  });
  const values = metrics.map(({ value }) => value);
  return {
    count: metrics.length,
    successes: outcomes.filter((outcome) => outcome === "true").length,
    failures: outcomes.filter((outcome) => outcome === "false").length,
    sum: values.reduce((sum, value) => sum + value, 0),
    min: Math.min(...values),
    max: Math.max(...values),
    durations: durations.sort((a, b) => a - b),
  };
}

/** How the rollup tables differ from `expected`; empty when they agree. */
export function differences(
  database: Database,
  table: "rollups_hourly" | "rollups_daily",
  expected: ReadonlyMap<string, Totals>,
): string[] {
  const rows = database.all(
    `SELECT f.metric_type, f.dimensions, r.bucket, k.service, k.dimension_values, r.*
    FROM ${table} AS r JOIN rollup_families AS f ON f.id = r.family_id JOIN rollup_keys AS k ON k.id = r.key_id`,
  );
  const found = new Set<string>();
  const problems: string[] = [];
  for (const row of rows) {
    const dimensions = JSON.parse(String(row.dimensions));
    const values = JSON.parse(String(row.dimension_values));
    const name = nameOfRow(row.metric_type, dimensions, row.bucket, row.service, values);
    if (found.has(name)) problems.push(`${name} is there twice`);
    found.add(name);
    const totals = expected.get(name);
    if (totals === undefined) problems.push(`${name} should not be there`);
    else problems.push(...differencesOfRow(row, totals).map((problem) => `${name}: ${problem}`));
  }
  for (const name of expected.keys()) if (!found.has(name)) problems.push(`${name} is missing`);
  return problems;
}

function differencesOfRow(row: Readonly<Record<string, unknown>>, totals: Totals): string[] {
  const sketch: Sketch = new Map();
  if (row.sketch !== null) mergeEncoded(sketch, new Uint8Array(row.sketch as ArrayBuffer));
  const durationSum = totals.durations.reduce((sum, duration) => sum + duration, 0);
  const problems = Object.entries({
    count: totals.count,
    success_count: totals.successes,
    failure_count: totals.failures,
    sum_value: totals.sum,
    min_value: totals.min,
    max_value: totals.max,
    duration_count: totals.durations.length,
    sum_duration_ms: durationSum,
  }).flatMap(([column, wanted]) =>
    isClose(Number(row[column]), wanted, 1e-9) ? [] : [`${column} is ${row[column]}, not ${wanted}`],
  );
  for (const rank of [0, 0.5, 0.95, 0.99, 1]) {
    const wanted = totals.durations.length === 0 ? undefined : plainQuantile(totals.durations, rank);
    const [found] = quantiles(sketch, [rank]);
    const agrees =
      wanted === undefined
        ? found === undefined
        : isClose(found ?? Number.NaN, wanted, RELATIVE_ERROR + 1e-9);
    if (!agrees) problems.push(`quantile ${rank} is ${found}, not ${wanted}`);
  }
  return problems;
}

function isClose(found: number, wanted: number, relative: number): boolean {
  return Math.abs(found - wanted) <= Math.abs(wanted) * relative + 1e-6;
}

/** What a query must answer, computed from a plain list of metrics in the most obvious way. */
import { findMetricType } from "../../src/catalogue/catalogue.ts";
import { LIMITS } from "../../src/catalogue/limits.ts";
import type { AggregateQuery, Filter, TimeRange } from "../../src/store/queries.ts";
import { plainQuantile } from "../support/plain-quantile.ts";
import type { Request } from "./submissions.ts";

export interface ModelMetric {
  readonly service: string;
  readonly type: string;
  readonly timestampMs: number;
  readonly value: number;
  readonly durationMs: number | undefined;
  readonly dimensions: Readonly<Record<string, unknown>>;
}

/** The metrics of a model as a request of one service. */
export function requestOf(service: string, metrics: readonly ModelMetric[]): Request {
  return {
    service,
    metrics: metrics.map(({ type, value, timestampMs, durationMs, dimensions }) => ({
      type,
      value,
      timestamp: timestampMs,
      ...(durationMs !== undefined && { duration_ms: durationMs }),
      // Without those that are undefined.
      dimensions: JSON.parse(JSON.stringify(dimensions)),
    })),
  };
}

/** Labels, joined → statistic → its points. Groups without any metric are not there. */
export type ModelAnswer = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;

const COMMON: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  tool_execution: { server: "server_name", tool: "tool_name", client: "client_name" },
  protocol_latency: { server: "server_name" },
  health_check: { success: "healthy" },
};

function textOf(metric: ModelMetric, dimension: string): string {
  if (dimension === "service") return metric.service;
  if (dimension === "type") return metric.type;
  const own = COMMON[metric.type]?.[dimension] ?? dimension;
  if (!findMetricType(metric.type)?.dimensions.includes(own)) return "";
  const value = metric.dimensions[own];
  if (value === undefined || value === null) return "";
  if (own !== "success" && own !== "healthy") return String(value);
  if (["true", "1"].includes(String(value).toLowerCase())) return "true";
  return ["false", "0"].includes(String(value).toLowerCase()) ? "false" : "";
}

function passes(metric: ModelMetric, { dimension, values, isNegated }: Filter): boolean {
  return values.includes(textOf(metric, dimension)) !== isNegated;
}

export function select(
  metrics: readonly ModelMetric[],
  query: Pick<AggregateQuery, "types" | "filters">,
  range: TimeRange,
): ModelMetric[] {
  return metrics.filter(
    (metric) =>
      query.types.includes(metric.type) &&
      metric.timestampMs >= range.startMs &&
      metric.timestampMs < range.endMs &&
      query.filters.every((filter) => passes(metric, filter)),
  );
}

/** @param range what the answer says it covers */
export function expectedAnswer(
  metrics: readonly ModelMetric[],
  query: AggregateQuery,
  range: TimeRange,
): ModelAnswer {
  const stepMs = query.stepMs ?? range.endMs - range.startMs;
  const points = (range.endMs - range.startMs) / stepMs;
  const answer: Record<string, Record<string, number[]>> = {};
  for (const metric of select(metrics, query, range)) {
    const labels = query.groupBy.map((dimension) => textOf(metric, dimension)).join(" | ");
    answer[labels] ??= {};
  }
  for (const [labels, columns] of Object.entries(answer)) {
    for (let point = 0; point < points; point += 1) {
      const startMs = range.startMs + point * stepMs;
      const members = select(metrics, query, { startMs, endMs: startMs + stepMs }).filter(
        (metric) => query.groupBy.map((dimension) => textOf(metric, dimension)).join(" | ") === labels,
      );
      for (const name of query.statistics) {
        columns[name] ??= [];
        columns[name].push(statisticOf(members, name, stepMs / 1000));
      }
    }
  }
  return answer;
}

function statisticOf(metrics: readonly ModelMetric[], name: string, seconds: number): number {
  const values = metrics.map(({ value }) => value);
  const durations = metrics.flatMap(durationOf);
  const outcomes = metrics.map((metric) => textOf(metric, "success"));
  const successes = outcomes.filter((outcome) => outcome === "true").length;
  const errors = outcomes.filter((outcome) => outcome === "false").length;
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  switch (name) {
    case "count":
      return metrics.length;
    case "rate":
      return metrics.length / seconds;
    case "sum":
      return sum(values);
    case "avg":
      return sum(values) / values.length;
    case "min":
      return values.length === 0 ? Number.NaN : Math.min(...values);
    case "max":
      return values.length === 0 ? Number.NaN : Math.max(...values);
    case "successes":
      return successes;
    case "errors":
      return errors;
    case "error_rate":
      return errors / (successes + errors);
    case "duration_count":
      return durations.length;
    case "duration_avg":
      return sum(durations) / durations.length;
    default:
      return plainQuantile(durations, Number(name.slice(1)) / 100);
  }
}

function durationOf({ type, value, durationMs }: ModelMetric): number[] {
  if (durationMs !== undefined) return [durationMs];
  const isLatency = type === "protocol_latency" && value >= 0 && value * 1000 <= LIMITS.DURATION_MS_MAX;
  return isLatency ? [value * 1000] : [];
}

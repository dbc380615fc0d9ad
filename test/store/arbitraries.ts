/** Metrics and queries over them, drawn so that they meet: few names, few hours, turns of hours and days. */
import fc from "fast-check";
import { DAY_MS, HOUR_MS } from "../../src/lib/time.ts";
import { ANSWER_VALUES_MAX } from "../../src/store/plan/groups.ts";
import type { AggregateQuery, Filter } from "../../src/store/queries.ts";
import { NOW_MS } from "../support/time.ts";
import type { ModelMetric } from "./aggregate-model.ts";

const TYPES = ["auth_request", "tool_execution", "protocol_latency", "health_check", "tool_discovery"];
export const SERVICES = ["gateway", "registry"];
export const STATISTICS = [
  "count", "rate", "sum", "avg", "min", "max", "successes", "errors", "error_rate", "duration_avg", "duration_count", "p0", "p50",
  "p99.9", "p100",
]; // biome-ignore format: a word list

const success = fc.constantFrom<unknown>(
  true,
  true,
  true,
  false,
  "True",
  "false",
  0,
  "maybe",
  "",
  null,
  undefined,
);
const name = fc.constantFrom<unknown>("a", "a", "b", "", 7, "7", null, undefined);
const dimensions: Readonly<Record<string, fc.Arbitrary<Record<string, unknown>>>> = {
  auth_request: fc.record({ success, method: name, server: name }),
  tool_execution: fc.record({
    success,
    method: name,
    tool_name: name,
    server_name: name,
    client_name: name,
    server_path: name,
    user_hash: name,
  }),
  protocol_latency: fc.record({ flow_step: name, server_name: name }),
  health_check: fc.record({
    endpoint: name,
    status_code: fc.constantFrom(200, "200", 503),
    healthy: success,
  }),
  tool_discovery: fc.record({ top_k_services: fc.constantFrom(3, 5) }),
};

/** Within 30 days before now, around the turn of an hour and a day. */
const instantMs = fc
  .tuple(
    fc.constantFrom(0, HOUR_MS, 5 * HOUR_MS, DAY_MS, 30 * DAY_MS),
    fc.constantFrom(1, 1000, HOUR_MS - 1, HOUR_MS, 1_800_000, 11 * HOUR_MS + 1, 12 * HOUR_MS),
  )
  .map(([age, offset]) => NOW_MS - age - offset);

export const metric: fc.Arbitrary<ModelMetric> = fc.constantFrom(...TYPES).chain((type) =>
  fc.record({
    service: fc.constantFrom(...SERVICES),
    type: fc.constant(type),
    timestampMs: instantMs,
    value: fc.oneof(fc.constantFrom(1, 0, -5, 1e12, 7), fc.double({ min: -1e6, max: 1e6, noNaN: true })),
    durationMs: fc.option(
      fc.oneof(fc.constantFrom(0, 1e-7, 86_400_000), fc.double({ min: 0, max: 5000, noNaN: true })),
      { nil: undefined },
    ),
    dimensions: dimensions[type] ?? fc.constant({}),
  }),
);

const filter: fc.Arbitrary<Filter> = fc.record({
  dimension: fc.constantFrom(
    "service",
    "type",
    "success",
    "server",
    "method",
    "tool",
    "client_name",
    "server_path",
  ),
  values: fc.subarray(["", "a", "7", "true", "false", "gateway", "auth_request"], {
    minLength: 1,
    maxLength: 3,
  }),
  isNegated: fc.boolean(),
});

const range = fc
  .tuple(instantMs, instantMs)
  .filter(([a, b]) => a !== b)
  .map(([a, b]) => ({ startMs: Math.min(a, b), endMs: Math.max(a, b) }));

export const query: fc.Arbitrary<AggregateQuery> = fc
  .record({
    types: fc.subarray(TYPES, { minLength: 1 }),
    range,
    stepMs: fc.constantFrom(undefined, undefined, HOUR_MS, 6 * HOUR_MS, DAY_MS, 7 * DAY_MS, 1_200_000),
    filters: fc.array(filter, { maxLength: 2 }),
    groupBy: fc.subarray(["service", "type", "tool", "success", "flow_step"], { maxLength: 2 }),
    statistics: fc.subarray(STATISTICS, { minLength: 1 }),
  })
  .map((drawn) => ({ ...drawn, statistics: affordable(drawn), groupsMax: 1000 }));

/** More groups than any two dimensions have here. */
const GROUPS_MAX = 40;

/** As many statistics as leave an answer within its limit: a month in steps of minutes cannot have them all. */
function affordable({ range, stepMs, statistics }: Omit<AggregateQuery, "groupsMax">): readonly string[] {
  // One more than whole steps, as the first and the last may be cut.
  const points = stepMs === undefined ? 1 : Math.ceil((range.endMs - range.startMs) / stepMs) + 1;
  return statistics.slice(0, Math.max(1, Math.floor(ANSWER_VALUES_MAX / (points * GROUPS_MAX))));
}

import { test } from "uvu";
import * as assert from "uvu/assert";
import { findMetricType } from "../../../src/catalogue/catalogue.ts";
import type { Measurement } from "../../../src/catalogue/measurement.ts";
import { HOUR_MS, MINUTE_MS } from "../../../src/lib/time.ts";
import { planRange } from "../../../src/store/plan/planner.ts";
import { shortenEnds } from "../../../src/store/plan/shorten-ends.ts";
import type { AggregateQuery, TimeRange } from "../../../src/store/queries.ts";
import { distributionOf } from "../../store/executions.ts";
import { NOW_MS } from "../../support/time.ts";
import { within } from "../submitter.ts";
import { aggregate } from "./ask.ts";

/** A minute of each end is asked for; from 10:59 to 12:01. */
const NARROW = { startMs: NOW_MS - HOUR_MS - MINUTE_MS, endMs: NOW_MS + MINUTE_MS };
/** All but a minute of each end is; from 10:01 to 12:59. */
const WIDE = { startMs: NOW_MS - 2 * HOUR_MS + MINUTE_MS, endMs: NOW_MS + HOUR_MS - MINUTE_MS };

const cases: readonly {
  readonly name: string;
  readonly range: TimeRange;
  readonly count?: (range: TimeRange) => number;
  readonly canSubtract?: boolean;
  readonly deleted?: { readonly rawFromMs?: number; readonly hourlyFromMs?: number };
  readonly sources: readonly string[];
  readonly less?: readonly TimeRange[];
}[] = [
  {
    name: "hours, less the little that lies outside",
    range: WIDE,
    sources: ["hourly"],
    less: [
      { startMs: NOW_MS - 2 * HOUR_MS, endMs: WIDE.startMs },
      { startMs: WIDE.endMs, endMs: NOW_MS + HOUR_MS },
    ],
  },
  { name: "raw rows where fewer lie inside", range: NARROW, sources: ["raw", "hourly", "raw"] },
  {
    name: "raw rows where what is asked for cannot be told of a difference",
    range: WIDE,
    canSubtract: false,
    sources: ["raw", "hourly", "raw"],
  },
  {
    name: "hours where nothing lies outside, whatever is asked for",
    range: WIDE,
    canSubtract: false,
    count: ({ startMs }) => (startMs >= WIDE.endMs ? 0 : 1),
    sources: ["raw", "hourly"],
    less: [],
  },
  {
    name: "raw rows where those outside are deleted",
    range: WIDE,
    deleted: { rawFromMs: NOW_MS - 2 * HOUR_MS + 1 },
    sources: ["raw", "hourly"],
    less: [{ startMs: WIDE.endMs, endMs: NOW_MS + HOUR_MS }],
  },
  {
    name: "raw rows where the hours are deleted",
    range: { startMs: NOW_MS + MINUTE_MS, endMs: NOW_MS + HOUR_MS },
    deleted: { hourlyFromMs: NOW_MS + 1 },
    sources: ["raw"],
  },
];

for (const { name, range, canSubtract = true, deleted, sources, less = [], ...rest } of cases) {
  test(`the ends of a range within an hour are read from ${name}`, () => {
    const type = findMetricType("auth_request");
    if (type === undefined) throw new Error("no such type");
    const families = [{ id: 1, dimensions: [], lastMeasurementId: 0 }];
    const stored = { rawFromMs: 0, hourlyFromMs: 0, dailyFromMs: 0, ...deleted, families };
    const whole = planRange([{ type, dimensions: [], stored }], range, () => true);
    const count = rest.count ?? (({ startMs, endMs }: TimeRange) => endMs - startMs);
    const { range: answered, plans } = shortenEnds(whole, { count, canSubtract });
    assert.equal(answered, range);
    const [plan] = plans;
    assert.equal(
      plan?.segments.map(({ source }) => source),
      sources,
    );
    assert.equal([plan?.segments[0]?.startMs, plan?.segments.at(-1)?.endMs], [range.startMs, range.endMs]);
    assert.equal(plan?.less ?? [], less);
  });
}

test("what lies outside is taken back, but for what the rollups do not hold yet", () => {
  within((database, submitter) => {
    const at = (timestamp: number, duration_ms: number) => ({
      type: "auth_request",
      value: 1,
      timestamp,
      duration_ms,
      dimensions: { success: duration_ms < 100 },
    });
    const inside = NOW_MS - HOUR_MS / 2;
    submitter.submit({ metrics: [at(inside, 10), at(inside, 10), at(NOW_MS - MINUTE_MS, 500)] });
    while (submitter.rollups.flushStep(NOW_MS) !== undefined);
    submitter.submit({ metrics: [at(inside, 20), at(NOW_MS - 1, 900)] });
    const query: AggregateQuery = {
      types: ["auth_request"],
      range: { startMs: NOW_MS - HOUR_MS, endMs: NOW_MS - 2 * MINUTE_MS },
      stepMs: undefined,
      filters: [],
      groupBy: [],
      statistics: ["count", "errors", "successes", "p100"],
      groupsMax: 1,
    };
    const { groups, sources } = aggregate(database, query);
    assert.equal(
      sources.map(({ source }) => source),
      ["hourly"],
    );
    const [count, errors, successes, longest = 0] = groups[0]?.values ?? [];
    assert.equal([count, errors, successes], [3, 0, 3]);
    assert.ok(Math.abs(longest - 20) <= 0.2, `${longest}`);
  });
});

test("a histogram that lies outside is taken back whole, however many it stands for", () => {
  within((database, submitter) => {
    const durations = Array.from({ length: 400 }, (_, index) => 1000 + index);
    const outside = {
      metrics: [
        { type: "auth_request", value: 1, timestamp: NOW_MS - MINUTE_MS, dimensions: { success: true } },
      ],
      change: (all: readonly Measurement[]) =>
        all.map((one) => ({ ...one, value: 400, durationMs: 4e5, distribution: distributionOf(durations) })),
    };
    const inside = Array.from({ length: 3 }, (_, index) => ({
      type: "auth_request",
      value: 1,
      timestamp: NOW_MS - HOUR_MS / 2,
      duration_ms: 10 + index,
      dimensions: { success: true },
    }));
    submitter.submit({ metrics: inside }, outside);
    while (submitter.rollups.flushStep(NOW_MS) !== undefined);
    const { groups, sources } = aggregate(database, {
      types: ["auth_request"],
      range: { startMs: NOW_MS - HOUR_MS, endMs: NOW_MS - 2 * MINUTE_MS },
      stepMs: undefined,
      filters: [],
      groupBy: [],
      statistics: ["count", "p50", "p99"],
      groupsMax: 1,
    });
    assert.equal(
      sources.map(({ source }) => source),
      ["hourly"],
    );
    const [count, median = 0, longest = 0] = groups[0]?.values ?? [];
    assert.is(count, 3);
    assert.ok(Math.abs(median - 11) <= 0.11 && Math.abs(longest - 12) <= 0.12, `${median} ${longest}`);
  });
});

test.run();

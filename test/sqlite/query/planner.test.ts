import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { findMetricType, METRIC_TYPES } from "../../../src/catalogue/catalogue.ts";
import { ServiceError } from "../../../src/errors.ts";
import { DAY_MS, HOUR_MS } from "../../../src/lib/time.ts";
import {
  chooseFamily,
  type PlanInput,
  type Plans,
  planRange,
  planSteps,
  type Stored,
} from "../../../src/store/plan/planner.ts";
import type { TimeRange } from "../../../src/store/queries.ts";

const NOON_MS = Date.UTC(2026, 2, 1, 12);
const NOTHING_DELETED = { rawFromMs: 0, hourlyFromMs: 0, dailyFromMs: 0 };

function inputOf(typeName: string, dimensions: readonly string[], deleted: Partial<Stored> = {}): PlanInput {
  const type = findMetricType(typeName);
  if (type === undefined) throw new Error(typeName);
  const families = [[], ...type.rollups].map((names, id) => ({
    id,
    dimensions: names,
    lastMeasurementId: 0,
  }));
  return { type, dimensions, stored: { ...NOTHING_DELETED, families, ...deleted } };
}

/** `raw 12:30–13:00` for each segment. */
function describe({ plans }: Plans): readonly string[] {
  const text = (ms: number) => new Date(ms).toISOString().slice(5, 16);
  return (plans[0]?.segments ?? []).map(
    ({ source, startMs, endMs }) => `${source} ${text(startMs)} ${text(endMs)}`,
  );
}

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof ServiceError) return `${error.reason}: ${error.message}`;
    throw error;
  }
  return "none";
}

const always = () => true;
const range = (startMs: number, endMs: number) => ({ startMs: NOON_MS + startMs, endMs: NOON_MS + endMs });

/** Raw rows are few from this time of noon on. */
const startsFrom = (ms: number) => (asked: readonly TimeRange[]) =>
  asked.every(({ startMs }) => startMs >= NOON_MS + ms);

const ranges = [
  {
    name: "days, the hours around them and raw ends",
    range: range(-3 * DAY_MS + 90_000, 45_000),
    segments: [
      "raw 02-26T12:01 02-26T13:00",
      "hourly 02-26T13:00 02-27T00:00",
      "daily 02-27T00:00 03-01T00:00",
      "hourly 03-01T00:00 03-01T12:00",
      "raw 03-01T12:00 03-01T12:00",
    ],
  },
  {
    name: "one whole day",
    range: range(-12 * HOUR_MS, 12 * HOUR_MS),
    segments: ["daily 03-01T00:00 03-02T00:00"],
  },
  { name: "less than an hour", range: range(60_000, 120_000), segments: ["raw 03-01T12:01 03-01T12:02"] },
  {
    name: "raw ends only, around the turn of an hour",
    range: range(-60_000, 60_000),
    segments: ["raw 03-01T11:59 03-01T12:00", "raw 03-01T12:00 03-01T12:01"],
  },
  {
    name: "whole hours where the raw rows of the ends are too many",
    range: range(60_000, 3 * HOUR_MS + 60_000),
    isSmall: () => false,
    segments: ["hourly 03-01T12:00 03-01T16:00"],
  },
  {
    name: "whole hours where the raw rows of the start are deleted",
    range: range(60_000, 3 * HOUR_MS),
    deleted: { rawFromMs: NOON_MS + 120_000 },
    segments: ["hourly 03-01T12:00 03-01T15:00"],
  },
  {
    name: "whole days where hours are deleted",
    range: range(-2 * DAY_MS + HOUR_MS, HOUR_MS),
    deleted: { rawFromMs: NOON_MS, hourlyFromMs: NOON_MS - DAY_MS },
    segments: ["daily 02-27T00:00 03-01T00:00", "hourly 03-01T00:00 03-01T13:00"],
  },
  {
    name: "an exact end where the first hour is large, and begins the range",
    range: range(0, 2 * HOUR_MS + 60_000),
    isSmall: startsFrom(2 * HOUR_MS),
    segments: ["hourly 03-01T12:00 03-01T14:00", "raw 03-01T14:00 03-01T14:01"],
  },
  {
    name: "an exact start where the last hour is large, and ends the range",
    range: range(-60_000, 2 * HOUR_MS),
    isSmall: (asked: readonly TimeRange[]) => asked.every(({ endMs }) => endMs <= NOON_MS),
    segments: ["raw 03-01T11:59 03-01T12:00", "hourly 03-01T12:00 03-01T14:00"],
  },
  {
    name: "whole hours as they are, however many rows they have",
    range: range(0, 2 * HOUR_MS),
    isSmall: () => false,
    segments: ["hourly 03-01T12:00 03-01T14:00"],
  },
  {
    name: "from the oldest hour that is kept on, and no day before it",
    range: range(-2 * HOUR_MS, 13 * HOUR_MS),
    deleted: { rawFromMs: NOON_MS - 2 * HOUR_MS, hourlyFromMs: NOON_MS - 2 * HOUR_MS },
    segments: ["hourly 03-01T10:00 03-02T00:00", "hourly 03-02T00:00 03-02T01:00"],
  },
  {
    name: "the day of an hour before the oldest that is kept",
    range: range(-3 * HOUR_MS, 13 * HOUR_MS),
    deleted: { rawFromMs: NOON_MS - 2 * HOUR_MS, hourlyFromMs: NOON_MS - 2 * HOUR_MS },
    segments: ["daily 03-01T00:00 03-02T00:00", "hourly 03-02T00:00 03-02T01:00"],
  },
  {
    name: "up to the hour with which the kept ones begin, by days",
    range: range(-2 * DAY_MS - 12 * HOUR_MS, 0),
    deleted: { rawFromMs: NOON_MS, hourlyFromMs: NOON_MS - 12 * HOUR_MS },
    segments: ["daily 02-27T00:00 03-01T00:00", "hourly 03-01T00:00 03-01T12:00"],
  },
  {
    name: "nothing before the days that are deleted",
    range: range(-2 * DAY_MS - 12 * HOUR_MS, -12 * HOUR_MS),
    deleted: { rawFromMs: NOON_MS, hourlyFromMs: NOON_MS, dailyFromMs: NOON_MS - 2 * DAY_MS },
    segments: ["deleted 02-27T00:00 02-28T00:00", "daily 02-28T00:00 03-01T00:00"],
  },
];

for (const { name, range, isSmall = always, deleted, segments } of ranges) {
  test(`a range without a step reads ${name}`, () => {
    assert.equal(describe(planRange([inputOf("auth_request", [], deleted)], range, isSmall)), segments);
  });
}

const steps = [
  { name: "minutes are raw", stepMs: 60_000, segments: ["raw 03-01T12:01 03-01T12:03"] },
  { name: "90 minutes are raw", stepMs: 5_400_000, segments: ["raw 03-01T12:00 03-01T13:30"] },
  { name: "hours are rollups of hours", stepMs: HOUR_MS, segments: ["hourly 03-01T12:00 03-01T13:00"] },
  {
    name: "six hours are rollups of hours",
    stepMs: 6 * HOUR_MS,
    segments: ["hourly 03-01T12:00 03-01T18:00"],
  },
  { name: "days are rollups of days", stepMs: DAY_MS, segments: ["daily 03-01T00:00 03-02T00:00"] },
  { name: "a week begins on a Thursday", stepMs: 7 * DAY_MS, segments: ["daily 02-26T00:00 03-05T00:00"] },
];

for (const { name, stepMs, segments } of steps) {
  test(`of steps, ${name}, and the range is widened to whole ones`, () => {
    assert.equal(
      describe(planSteps([inputOf("auth_request", [])], range(90_000, 130_000), stepMs)),
      segments,
    );
  });
}

test("the family with the fewest dimensions that knows those asked for answers", () => {
  const chosen = (...dimensions: string[]) => chooseFamily(inputOf("tool_execution", dimensions))?.dimensions;
  assert.equal(chosen(), []);
  assert.equal(chosen("client_name"), ["client_name", "success"]);
  assert.ok(chosen("tool_name")?.includes("tool_name"));
  assert.is(chosen("client_name", "tool_name"), undefined);
  assert.is(chosen("server_path"), undefined);
});

test("what only deleted raw rows could answer is refused, with what would work", () => {
  const deleted = { rawFromMs: NOON_MS };
  const asked = range(-HOUR_MS, HOUR_MS);
  const fine = refusal(() => planSteps([inputOf("auth_request", [], deleted)], asked, 60_000));
  assert.match(
    fine,
    /^validation_failed: auth_request: raw rows before 2026-03-01T12:00:00.000Z are deleted/,
  );
  assert.match(fine, /use a step of whole hours/);
  for (const plan of [
    () => planSteps([inputOf("tool_execution", ["server_path"], deleted)], asked, DAY_MS),
    () => planRange([inputOf("tool_execution", ["server_path"], deleted)], asked, always),
  ]) {
    assert.match(
      refusal(plan),
      /rollups do not know server_path together: .* one of none, .*client_name\+success/,
    );
  }
  const hourly = inputOf("auth_request", [], { hourlyFromMs: NOON_MS });
  assert.match(
    refusal(() => planSteps([hourly], asked, HOUR_MS)),
    /use a step of whole days/,
  );
});

test("what widening adds to a raw range is said to be deleted where it is", () => {
  const input = inputOf("auth_request", [], { rawFromMs: NOON_MS + 30_000 });
  assert.equal(describe(planSteps([input], range(40_000, 60_000), 60_000)), [
    "deleted 03-01T12:00 03-01T12:00",
    "raw 03-01T12:00 03-01T12:01",
  ]);
});

const instant = fc.integer({ min: 0, max: 40 * DAY_MS }).map((ms) => NOON_MS - 20 * DAY_MS + ms);
const roundInstant = fc
  .tuple(instant, fc.constantFrom(1, HOUR_MS, DAY_MS))
  .map(([ms, unit]) => Math.floor(ms / unit) * unit);
const asked = fc
  .tuple(roundInstant, roundInstant)
  .filter(([a, b]) => a !== b)
  .map(([a, b]) => ({ startMs: Math.min(a, b), endMs: Math.max(a, b) }));
const inputs = fc.array(
  fc.record({
    type: fc.constantFrom(...METRIC_TYPES),
    rawFromMs: fc.constantFrom(0, NOON_MS - 3 * DAY_MS, NOON_MS - 7777),
    isCovered: fc.boolean(),
  }),
  { minLength: 1, maxLength: 4 },
);
const lost = fc.record({
  hourlyFromMs: fc.oneof(fc.constant(0), roundInstant),
  dailyFromMs: fc.oneof(fc.constant(0), roundInstant),
});
const stepMs = fc.constantFrom(undefined, 60_000, HOUR_MS, 6 * HOUR_MS, DAY_MS, 7 * DAY_MS);

test("the segments of every type cover the range once, and read only what is stored", () => {
  fc.assert(
    fc.property(inputs, asked, lost, stepMs, fc.boolean(), (drawn, range, lostRollups, step, isSmall) => {
      const planned = drawn.map(({ type, rawFromMs, isCovered }) =>
        inputOf(type.name, isCovered ? [] : ["nowhere"], { rawFromMs, ...lostRollups }),
      );
      let plans: Plans;
      try {
        plans =
          step === undefined ? planRange(planned, range, () => isSmall) : planSteps(planned, range, step);
      } catch (error) {
        assert.instance(error, ServiceError);
        return;
      }
      assert.ok(plans.range.startMs <= range.startMs && plans.range.endMs >= range.endMs);
      const unit = step ?? DAY_MS;
      assert.ok(range.startMs - plans.range.startMs < unit && plans.range.endMs - range.endMs < unit);
      for (const { input, segments } of plans.plans) {
        let reachedMs = plans.range.startMs;
        for (const { source, startMs, endMs } of segments) {
          assert.is(startMs, reachedMs);
          assert.ok(endMs > startMs);
          reachedMs = endMs;
          const units = { raw: 1, deleted: 1, hourly: HOUR_MS, daily: DAY_MS };
          assert.is((startMs % units[source]) + (endMs % units[source]), 0);
          const { rawFromMs, hourlyFromMs, dailyFromMs } = input.stored;
          const from = { raw: rawFromMs, deleted: 0, hourly: hourlyFromMs, daily: dailyFromMs };
          assert.ok(startMs >= from[source], `${source} from ${startMs}, stored from ${from[source]}`);
        }
        assert.is(reachedMs, plans.range.endMs);
      }
    }),
    { numRuns: 3000 },
  );
});

test.run();

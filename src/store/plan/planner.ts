/**
 * Which rows answer a query: raw ones, or the rollups of hours or days. Pure; every part of the range is
 * covered once.
 *
 * A rollup can answer when one of its families knows every dimension that is filtered or grouped by. With
 * a step the points decide: multiples of an hour are hours, multiples of a day are days, anything finer is
 * raw. Without one the range is cut into days, the hours before and after them, and raw ends within an
 * hour. The ends are widened to whole hours where raw rows are gone or too many, and to whole days where
 * hours are gone: the answer says which range it is of, and asks less often for more than there is.
 */

import type { MetricType } from "../../catalogue/definition.ts";
import { invalidField, type ServiceError } from "../../errors.ts";
import { DAY_MS, HOUR_MS } from "../../lib/time.ts";
import type { DataSource, TimeRange } from "../queries.ts";

export interface RollupFamily {
  readonly id: number;
  readonly dimensions: readonly string[];
  /** Its rows hold every measurement up to this id. */
  readonly lastMeasurementId: number;
}

/** What of a metric type is stored. Retention has deleted what is older than each `…FromMs`. */
export interface Stored {
  readonly rawFromMs: number;
  readonly hourlyFromMs: number;
  readonly dailyFromMs: number;
  readonly families: readonly RollupFamily[];
}

export interface PlanInput {
  readonly type: MetricType;
  /** Its own dimensions that are filtered or grouped by. */
  readonly dimensions: readonly string[];
  readonly stored: Stored;
}

export interface Segment extends TimeRange {
  readonly source: DataSource;
}

export interface Plan {
  readonly input: PlanInput;
  /** Undefined when all is raw. */
  readonly family: RollupFamily | undefined;
  /** In order, without gaps. One of hours may begin or end within one. */
  readonly segments: readonly Segment[];
  /** What these hours hold beside: raw rows of it are taken back. */
  readonly less?: readonly TimeRange[];
}

export interface Plans {
  readonly range: TimeRange;
  readonly plans: readonly Plan[];
}

/** The family with the fewest dimensions among those that know all of `dimensions`. */
export function chooseFamily({ dimensions, stored }: PlanInput): RollupFamily | undefined {
  const covering = stored.families.filter((family) =>
    dimensions.every((name) => family.dimensions.includes(name)),
  );
  return covering.toSorted((a, b) => a.dimensions.length - b.dimensions.length)[0];
}

/** @throws {ServiceError} `validation_failed` when only raw rows could answer and they are deleted. */
export function planSteps(inputs: readonly PlanInput[], asked: TimeRange, stepMs: number): Plans {
  const range = { startMs: floor(asked.startMs, stepMs), endMs: ceil(asked.endMs, stepMs) };
  const plans = inputs.map((input): Plan => {
    const { rawFromMs, hourlyFromMs, dailyFromMs } = input.stored;
    const family = stepMs % HOUR_MS === 0 ? chooseFamily(input) : undefined;
    if (family === undefined) {
      if (asked.startMs < rawFromMs) throw deletedRaw(input);
      return { input, family, segments: split("raw", range, rawFromMs) };
    }
    if (stepMs % DAY_MS === 0)
      return { input, family, segments: split("daily", range, ceil(dailyFromMs, DAY_MS)) };
    if (asked.startMs < hourlyFromMs) {
      throw deleted(
        `hours before ${iso(hourlyFromMs)} are deleted: use a step of whole days, or a later start`,
      );
    }
    return { input, family, segments: split("hourly", range, ceil(hourlyFromMs, HOUR_MS)) };
  });
  return { range, plans };
}

/**
 * @param isSmall whether the raw rows of some ranges are few enough to be read for exact ends
 * @throws {ServiceError} `validation_failed` when only raw rows could answer and they are deleted.
 */
export function planRange(
  inputs: readonly PlanInput[],
  asked: TimeRange,
  isSmall: (ranges: readonly TimeRange[]) => boolean,
): Plans {
  for (const input of inputs) {
    if (chooseFamily(input) === undefined && asked.startMs < input.stored.rawFromMs) throw deletedRaw(input);
  }
  const rolledUp = inputs.filter((input) => chooseFamily(input) !== undefined).map(({ stored }) => stored);
  const range = rolledUp.length === 0 ? asked : widen(rolledUp, asked, isSmall);
  const plans = inputs.map((input): Plan => {
    const family = chooseFamily(input);
    const { rawFromMs, dailyFromMs } = input.stored;
    const segments =
      family === undefined ? split("raw", range, rawFromMs) : cut(range, ceil(dailyFromMs, DAY_MS));
    return { input, family, segments };
  });
  return { range, plans };
}

/** What single metrics of the range there are, whatever rollups know. */
export function planRaw(input: PlanInput, range: TimeRange): Plan {
  return { input, family: undefined, segments: split("raw", range, input.stored.rawFromMs) };
}

/** Move each end outward until all between them is stored. */
function widen(
  stored: readonly Stored[],
  { startMs, endMs }: TimeRange,
  isSmall: (ranges: readonly TimeRange[]) => boolean,
): TimeRange {
  const head = { startMs, endMs: Math.min(endMs, ceil(startMs, HOUR_MS)) };
  const tail = { startMs: Math.max(head.endMs, floor(endMs, HOUR_MS)), endMs };
  const ragged = [head, tail].filter((end) => end.startMs < end.endMs);
  const isFew = ragged.length === 0 || isSmall(ragged);
  const rawFromMs = Math.max(...stored.map((each) => each.rawFromMs));
  const unitOf = (end: TimeRange) => (isFew && end.startMs >= rawFromMs ? 1 : HOUR_MS);
  // One hour that holds both ends is one or the other.
  const isOneHour = floor(startMs, HOUR_MS) === floor(endMs - 1, HOUR_MS);
  const start = floor(startMs, unitOf(head));
  const end = ceil(endMs, unitOf(isOneHour ? head : tail));

  const hourlyFromMs = Math.max(...stored.map((each) => each.hourlyFromMs));
  const firstHour = ceil(start, HOUR_MS);
  const lastHour = floor(end, HOUR_MS);
  const lastDay = Math.max(firstHour, floor(lastHour, DAY_MS));
  const needsHours = (from: number, before: number) => from < before && from < hourlyFromMs;
  return {
    startMs: needsHours(firstHour, Math.min(lastHour, ceil(firstHour, DAY_MS)))
      ? floor(start, DAY_MS)
      : start,
    endMs: needsHours(lastDay, lastHour) ? ceil(end, DAY_MS) : end,
  };
}

/** Raw ends, hours, days, hours; the days before `dailyFromMs` are deleted. */
function cut({ startMs, endMs }: TimeRange, dailyFromMs: number): Segment[] {
  const firstHour = Math.min(endMs, ceil(startMs, HOUR_MS));
  const lastHour = Math.max(firstHour, floor(endMs, HOUR_MS));
  const firstDay = Math.min(lastHour, ceil(firstHour, DAY_MS));
  const lastDay = Math.max(firstDay, floor(lastHour, DAY_MS));
  const segments: Segment[] = [
    { source: "raw", startMs, endMs: firstHour },
    { source: "hourly", startMs: firstHour, endMs: firstDay },
    ...split("daily", { startMs: firstDay, endMs: lastDay }, dailyFromMs),
    { source: "hourly", startMs: lastDay, endMs: lastHour },
    { source: "raw", startMs: lastHour, endMs },
  ];
  return segments.filter((segment) => segment.startMs < segment.endMs);
}

function split(source: DataSource, { startMs, endMs }: TimeRange, fromMs: number): Segment[] {
  const borderMs = Math.min(endMs, Math.max(startMs, fromMs));
  const segments: Segment[] = [
    { source: "deleted", startMs, endMs: borderMs },
    { source, startMs: borderMs, endMs },
  ];
  return segments.filter((segment) => segment.startMs < segment.endMs);
}

function deletedRaw({ type, dimensions, stored }: PlanInput): ServiceError {
  const before = `${type.name}: raw rows before ${iso(stored.rawFromMs)} are deleted`;
  const covered = stored.families.filter((family) =>
    dimensions.every((name) => family.dimensions.includes(name)),
  );
  if (covered.length > 0) return deleted(`${before}: use a step of whole hours, or a later start`);
  const known = stored.families.map((family) => family.dimensions.join("+") || "none").join(", ");
  return deleted(
    `${before}, and rollups do not know ${dimensions.join("+")} together: ` +
      `use a later start, or dimensions of one of ${known}`,
  );
}

function deleted(message: string): ServiceError {
  return invalidField("range.start", "deleted", message);
}

export function floor(value: number, unit: number): number {
  return Math.floor(value / unit) * unit;
}

export function ceil(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

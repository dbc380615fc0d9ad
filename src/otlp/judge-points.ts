import type { Measurement } from "../catalogue/measurement.ts";
import type { InternDimensions } from "../ingest/dimension-sets.ts";
import type { MetricContext } from "../ingest/validate-metric.ts";
import type { Pseudonymise } from "../lib/pseudonym.ts";
import { YieldingLoop } from "../lib/yielding-loop.ts";
import { isCounting } from "./counting.ts";
import type { DataPoint, Refusal } from "./data-point.ts";
import { measure, type StorableReading } from "./measure.ts";
import { readingProblem } from "./reading-problem.ts";
import { type CumulativeReading, type LastPoint, sinceLast } from "./since-last.ts";

/** A point that is not stored, and every rule it breaks. */
export interface RefusedPoint {
  readonly point: DataPoint;
  readonly refusals: readonly Refusal[];
}

export interface JudgedPoints {
  readonly measurements: readonly Measurement[];
  readonly refused: readonly RefusedPoint[];
  /** The last points of series, by key, that the measurements take into account. */
  readonly counted: ReadonlyMap<string, LastPoint>;
}

export interface JudgeOptions {
  readonly intern: InternDimensions;
  readonly pseudonymise: Pseudonymise;
  readonly nowMs: number;
  /** The series of a point that counts since its start. */
  readonly nameSeries: (point: DataPoint) => string;
  readonly lastPoints: ReadonlyMap<string, LastPoint>;
  /** Series that may be begun. */
  readonly room: number;
  /** Whether they come from an SDK: its series begin at zero, whatever their start time. */
  readonly isSdk: boolean;
}

/**
 * Judge the points of one resource, each by itself, in the order of their times: a bad one is refused with
 * its reasons, the others become measurements.
 */
export async function judgePoints(
  points: readonly DataPoint[],
  options: JudgeOptions,
): Promise<JudgedPoints> {
  const judge = new Judge(options);
  const ordered = points.toSorted((a, b) => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0));
  await new YieldingLoop().each(ordered, (point) => judge.take(point));
  return judge;
}

/** The value alone was refused; the series has moved all the same, and what follows can be counted. */
const isOfValue = ({ field }: Refusal) => field === "value" || field === "duration_ms";

class Judge implements JudgedPoints {
  readonly measurements: Measurement[] = [];
  readonly refused: RefusedPoint[] = [];
  readonly counted = new Map<string, LastPoint>();
  readonly #options: JudgeOptions;
  readonly #context: MetricContext;
  #refusals: Refusal[] = [];
  #begun = 0;

  constructor(options: JudgeOptions) {
    this.#options = options;
    const { intern, pseudonymise, nowMs } = options;
    const refuse = (field: string, reason: string, message: string) =>
      void this.#refusals.push({ field, reason, message });
    this.#context = { intern, pseudonymise, nowMs, refuse, warn: () => undefined };
  }

  take(point: DataPoint): void {
    this.#refusals = [];
    const problem = readingProblem(point);
    if (problem !== undefined) this.#refusals.push(problem);
    else if (isCounting(point.reading)) this.#count(point, point.reading);
    else this.#store(point, point.reading as StorableReading);
    if (this.#refusals.length > 0) this.refused.push({ point, refusals: this.#refusals });
  }

  /** Store what a point that counts since its start adds to the one before. */
  #count(point: DataPoint, reading: CumulativeReading): void {
    const key = this.#options.nameSeries(point);
    const last = this.counted.get(key) ?? this.#options.lastPoints.get(key);
    if (last !== undefined && isCounted(point.timeNs, reading, last)) return;
    if (last === undefined && this.#begun >= this.#options.room) {
      const message = "too many series that count since their start; send deltas, or fewer attributes";
      this.#context.refuse("attributes", "too_many_series", message);
      return;
    }
    if (last !== undefined) this.#store(point, sinceLast(last.reading, reading));
    else if (this.#beginsAtZero(point)) this.#store(point, reading);
    if (!this.#refusals.every(isOfValue)) return;
    if (last === undefined) this.#begun += 1;
    this.counted.set(key, { timeNs: point.timeNs, reading });
  }

  /**
   * Whether a series that we meet for the first time has counted from zero. One that began before it was
   * first looked at says so with no start time, or with the time of its first point.
   */
  #beginsAtZero({ startNs, timeNs }: DataPoint): boolean {
    return startNs !== 0n && (startNs < timeNs || this.#options.isSdk);
  }

  #store(point: DataPoint, reading: StorableReading): void {
    if (addsNothing(reading)) return;
    const measurement = measure(point, reading, this.#context);
    if (measurement !== undefined) this.measurements.push(measurement);
  }
}

/**
 * Whether a point is older than the last one, which has counted it then. SDKs whose clocks have milliseconds
 * export twice at one instant: of two such points the one that says more is newer.
 */
function isCounted(timeNs: bigint, reading: CumulativeReading, last: LastPoint): boolean {
  return timeNs < last.timeNs || (timeNs === last.timeNs && amountOf(reading) <= amountOf(last.reading));
}

function amountOf(reading: CumulativeReading): number {
  return reading.kind === "sum" ? reading.value : reading.count;
}

function addsNothing(reading: StorableReading): boolean {
  if (reading.kind === "gauge") return false;
  if (reading.kind !== "sum") return reading.count === 0;
  return reading.value === 0 && (reading.temporality === "delta" || reading.isMonotonic);
}

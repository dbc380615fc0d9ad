import type { Measurement } from "../catalogue/measurement.ts";
import type { Violation } from "../errors.ts";
import type { InternDimensions } from "../ingest/dimension-sets.ts";
import type { Pseudonymise } from "../lib/pseudonym.ts";
import { YieldingLoop } from "../lib/yielding-loop.ts";
import { type CumulativeData, isCumulative, type LastPoint, type NameSeries } from "./cumulative-series.ts";
import type { DataPoint } from "./data-point.ts";
import { durationUnitOf, measure, type PointContext, type StorableData } from "./map-point.ts";
import { sinceLast } from "./since-last.ts";
import { soundData } from "./sound-point.ts";

/** A point that is not stored, and every rule it breaks. */
export interface RejectedPoint {
  readonly point: DataPoint;
  readonly violations: readonly Violation[];
}

/** What became of the points of a resource. Some are neither stored nor rejected: they add nothing. */
export interface ValidatedPoints {
  readonly measurements: readonly Measurement[];
  readonly rejected: readonly RejectedPoint[];
  /** What was odd in points that are not rejected, and is not stored as it was sent. */
  readonly leftOut: readonly Violation[];
  /** The last points of series, by key, that the measurements take into account. */
  readonly counted: ReadonlyMap<string, LastPoint>;
}

export interface ValidatePointsOptions {
  readonly intern: InternDimensions;
  readonly pseudonymise: Pseudonymise;
  /** ms since 1970 UTC. */
  readonly nowMs: number;
  /** The series of a cumulative point. */
  readonly nameSeries: NameSeries;
  /** Of these series, by key, as far as they are known. */
  readonly lastPoints: ReadonlyMap<string, LastPoint>;
  /** Series that may be begun: the owner's limit less those there are. */
  readonly room: number;
  /** Whether they come from an SDK: its series begin at zero, whatever their start time. */
  readonly isSdk: boolean;
}

/**
 * Validate the points of one resource, each by itself, in the order of their times: a bad one is rejected
 * with its reasons, the others become measurements. Yields to the event loop now and then.
 */
export async function validatePoints(
  points: readonly DataPoint[],
  options: ValidatePointsOptions,
): Promise<ValidatedPoints> {
  const validator = new PointValidator(options);
  const ordered = points.toSorted((a, b) => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0));
  await new YieldingLoop().each(ordered, (point) => validator.take(point));
  return validator;
}

/** The value alone was rejected; the series has moved all the same, and what follows can be counted. */
const isOfValue = ({ field }: Violation) => field === "value" || field === "duration_ms";

class PointValidator implements ValidatedPoints {
  readonly measurements: Measurement[] = [];
  readonly rejected: RejectedPoint[] = [];
  readonly leftOut: Violation[] = [];
  readonly counted = new Map<string, LastPoint>();
  readonly #options: ValidatePointsOptions;
  readonly #context: PointContext;
  /** Of the point at hand. */
  #violations: Violation[] = [];
  #odd: Violation[] = [];
  /** Series of this request that were not known before. */
  #begun = 0;

  constructor(options: ValidatePointsOptions) {
    this.#options = options;
    const { intern, pseudonymise, nowMs } = options;
    const reject = (field: string, reason: string, message: string) =>
      void this.#violations.push({ field, reason, message });
    const leaveOut = (field: string, reason: string, message: string) =>
      void this.#odd.push({ field, reason, message });
    this.#context = { intern, pseudonymise, nowMs, reject, leaveOut, warn: () => undefined };
  }

  take(point: DataPoint): void {
    // The end of a series, as a collector marks it: nothing to store, and nothing to complain of.
    if (point.data.kind === "no recorded value") return;
    this.#violations = [];
    this.#odd = [];
    const sound = soundData(point, this.#context.leaveOut);
    if ("reason" in sound) this.#violations.push(sound);
    else if (isCumulative(sound)) this.#count(point, sound);
    else this.#store(point, sound as StorableData);
    if (this.#violations.length > 0) this.rejected.push({ point, violations: this.#violations });
    else this.leftOut.push(...this.#odd);
  }

  /** Store what a cumulative point adds to the last one of its series. */
  #count(point: DataPoint, data: CumulativeData): void {
    const key = this.#options.nameSeries(point);
    const last = this.counted.get(key) ?? this.#options.lastPoints.get(key);
    if (last !== undefined && isCounted(point.timeNs, data, last)) return;
    if (last === undefined && this.#begun >= this.#options.room) {
      const message = "too many series that count since their start; send deltas, or fewer attributes";
      this.#context.reject("attributes", "too_many_series", message);
      return;
    }
    if (last !== undefined)
      this.#store(point, sinceLast(last.data, data, durationUnitOf(point.instrument) !== undefined));
    else if (this.#beginsAtZero(point)) this.#store(point, data);
    if (!this.#violations.every(isOfValue)) return;
    if (last === undefined) this.#begun += 1;
    this.counted.set(key, { timeNs: point.timeNs, data });
  }

  /**
   * Whether the first point of an unknown series counts from zero. A collector that cannot know when a series
   * began gives its points no start time, or that of its own first look (data model, "unknown start time"):
   * what had been counted by then belongs to no time that we know, and the first point is only remembered.
   */
  #beginsAtZero({ startNs, timeNs }: DataPoint): boolean {
    return startNs !== 0n && (startNs < timeNs || this.#options.isSdk);
  }

  #store(point: DataPoint, data: StorableData): void {
    if (addsNothing(data)) return;
    const measurement = measure(point, data, this.#context);
    if (measurement !== undefined) this.measurements.push(measurement);
  }
}

/**
 * Whether a point is no newer than the last one, which includes it then: a retry, or out of order. SDKs whose
 * clocks have milliseconds export twice at one instant: of two such points the one that says more is newer.
 */
function isCounted(timeNs: bigint, data: CumulativeData, last: LastPoint): boolean {
  return timeNs < last.timeNs || (timeNs === last.timeNs && amountOf(data) <= amountOf(last.data));
}

function amountOf(data: CumulativeData): number {
  return data.kind === "sum" ? data.value : data.count;
}

/** Whether nothing happened since the last point. A level of 0 says something, a difference of 0 does not. */
function addsNothing(data: StorableData): boolean {
  if (data.kind === "gauge") return false;
  if (data.kind !== "sum") return data.count === 0;
  return data.value === 0 && (data.temporality === "delta" || data.isMonotonic);
}

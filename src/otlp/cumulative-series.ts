/**
 * Series that count since their start: which points belong to one, what tells them apart, and the last point
 * of each, which is kept in the database so that the next one is worth its difference.
 */
import { hash } from "node:crypto";
import {
  type Attributes,
  canonical,
  type DataPoint,
  type HistogramData,
  type PointData,
  type SumData,
} from "./data-point.ts";

/** What counts since a start. */
export type CumulativeData = SumData | HistogramData;

/**
 * Whether data is stored as what it adds to the last point's. A cumulative sum that can fall is a level, such
 * as the requests in work, and is stored as it is.
 */
export function isCumulative(data: PointData): data is CumulativeData {
  if (data.kind === "sum") return data.temporality === "cumulative" && data.isMonotonic;
  return "temporality" in data && data.temporality === "cumulative";
}

/** Whether a point belongs to a series whose last point must be known. */
export function isCumulativePoint({ data }: DataPoint): boolean {
  return isCumulative(data);
}

/** The last point of a series that was counted. */
export interface LastPoint {
  readonly timeNs: bigint;
  readonly data: CumulativeData;
}

/** A point as it is kept in the database, as JSON. */
export function encodeLastPoint({ timeNs, data }: LastPoint): string {
  // The stored name of `data` is older than the one here.
  return JSON.stringify({ timeNs: String(timeNs), reading: data });
}

/** … as `encodeLastPoint` wrote it. */
export function decodeLastPoint(json: string): LastPoint {
  const { timeNs, reading } = JSON.parse(json) as { timeNs: string; reading: CumulativeData };
  return { timeNs: BigInt(timeNs), data: reading };
}

/** Whether a series stands where it stood, so that its new last point need not be written. */
export function isUnchanged(before: LastPoint, now: LastPoint): boolean {
  return JSON.stringify(before.data) === JSON.stringify(now.data);
}

/** Names the series of a resource's point. */
export type NameSeries = (point: DataPoint) => string;

/**
 * Keys of 32 characters (192 bits of SHA-256) that no two series share. What identifies a metric stream in
 * the data model is hashed into them, once a point, and the start time too: a series that starts anew is
 * another.
 *
 * @param owner the service whose API key the resource comes with: nobody else continues its series
 */
export function createSeriesKeys(owner: string, resource: Attributes): NameSeries {
  const source = hash("sha256", JSON.stringify([owner, canonical(resource)]), "base64url");
  const known = new Map<DataPoint, string>();
  const name: NameSeries = ({ instrument, attributes, startNs, data }) => {
    const { scope, name, unit } = instrument;
    const kind = data.kind === "sum" ? `sum ${data.isMonotonic}` : data.kind;
    const parts = [source, scope, name, unit, kind, String(startNs), canonical(attributes)];
    return hash("sha256", JSON.stringify(parts), "base64url").slice(0, 32);
  };
  return (point) => {
    const key = known.get(point) ?? name(point);
    known.set(point, key);
    return key;
  };
}

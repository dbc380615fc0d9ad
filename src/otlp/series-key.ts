import { hash } from "node:crypto";
import { type Attributes, canonical } from "./attributes.ts";
import type { DataPoint } from "./data-point.ts";

/** Names the series of a resource's point. */
export type NameSeries = (point: DataPoint) => string;

/**
 * Keys of 32 characters that no two series share: everything that tells them apart is hashed into them, once
 * a point. `owner` is the service whose key the resource comes with.
 */
export function createSeriesKeys(owner: string, resource: Attributes): NameSeries {
  const source = hash("sha256", JSON.stringify([owner, canonical(resource)]), "base64url");
  const known = new Map<DataPoint, string>();
  const name: NameSeries = ({ instrument, attributes, startNs, reading }) => {
    const { scope, name, unit } = instrument;
    const kind = reading.kind === "sum" ? `sum ${reading.isMonotonic}` : reading.kind;
    const parts = [source, scope, name, unit, kind, String(startNs), canonical(attributes)];
    return hash("sha256", JSON.stringify(parts), "base64url").slice(0, 32);
  };
  return (point) => {
    const key = known.get(point) ?? name(point);
    known.set(point, key);
    return key;
  };
}

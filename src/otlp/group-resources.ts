import type { ResourcePoints } from "./data-point.ts";

/** Points of a request that are in one transaction: of histograms as many take it some ten milliseconds. */
const POINTS_TOGETHER = 500;
/** Resources that ask storage for their series at the same moment. */
const RESOURCES_TOGETHER = 100;

/**
 * What of a request may be in work together, so that whoever waits for storage waits for a small part of it.
 * A resource with many points is several, in the order of time and never together; each is stored once by
 * itself when all of it is sent again.
 */
export function groupResources(resources: readonly ResourcePoints[]): readonly (readonly ResourcePoints[])[] {
  const groups: ResourcePoints[][] = [];
  let last: ResourcePoints[] = [];
  let points = 0;
  for (const part of resources.flatMap(split)) {
    points += part.points.length;
    if (last.length === 0 || last.length === RESOURCES_TOGETHER || points > POINTS_TOGETHER) {
      last = [];
      groups.push(last);
      points = part.points.length;
    }
    last.push(part);
  }
  return groups;
}

function split(resource: ResourcePoints): readonly ResourcePoints[] {
  const { attributes, points, fingerprint } = resource;
  // Points without a time are stored again when they are sent again, so that all or none of them must be.
  const isWhole = points.length <= POINTS_TOGETHER || points.some(({ timeNs }) => timeNs === 0n);
  if (isWhole) return [resource];
  const ordered = points.toSorted((a, b) => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0));
  const parts: ResourcePoints[] = [];
  for (let at = 0; at < ordered.length; at += POINTS_TOGETHER) {
    const part = ordered.slice(at, at + POINTS_TOGETHER);
    parts.push({ attributes, points: part, fingerprint: `${fingerprint} ${at}` });
  }
  return parts;
}

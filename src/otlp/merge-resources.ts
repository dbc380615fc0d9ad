import { hash } from "node:crypto";
import { canonical } from "./attributes.ts";
import type { ResourcePoints } from "./data-point.ts";

/**
 * Resources that are the same, as one: a collector sends several exports of a process together, and their
 * points belong to the same series.
 */
export function mergeResources(resources: readonly ResourcePoints[]): readonly ResourcePoints[] {
  const byAttributes = new Map<string, ResourcePoints>();
  for (const resource of resources) {
    if (resource.points.length === 0) continue;
    const name = canonical(resource.attributes);
    const other = byAttributes.get(name);
    byAttributes.set(name, other === undefined ? resource : merge(other, resource));
  }
  return [...byAttributes.values()];
}

function merge(first: ResourcePoints, second: ResourcePoints): ResourcePoints {
  return {
    attributes: first.attributes,
    points: [...first.points, ...second.points],
    fingerprint: hash("sha256", `${first.fingerprint} ${second.fingerprint}`, "base64url"),
  };
}

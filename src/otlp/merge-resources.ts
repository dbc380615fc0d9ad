import { hash } from "node:crypto";
import { canonical } from "./attributes.ts";
import type { ResourcePoints } from "./data-point.ts";

/**
 * Resources that are the same, as one: a collector sends several exports of a process together, and their
 * points belong to the same series.
 */
export function mergeResources(resources: readonly ResourcePoints[]): readonly ResourcePoints[] {
  const alike = Map.groupBy(resources, ({ attributes }) => canonical(attributes));
  return [...alike.values()].map(merge);
}

function merge(alike: readonly ResourcePoints[]): ResourcePoints {
  const [first] = alike as readonly [ResourcePoints, ...ResourcePoints[]];
  if (alike.length === 1) return first;
  return {
    attributes: first.attributes,
    points: alike.flatMap(({ points }) => points),
    fingerprint: hash("sha256", alike.map(({ fingerprint }) => fingerprint).join(" "), "base64url"),
  };
}

import type { MetricType } from "../catalogue/definition.ts";
import type { DimensionSet, DimensionValue } from "../catalogue/measurement.ts";

/** Sets remembered; beyond, all are forgotten and met anew, so that a flood of values costs time only. */
const SETS_MAX = 50_000;
/** Characters of them. Honest sets have a hundred each; 50 000 of the longest would take 400 MB. */
const CHARACTERS_MAX = 8_000_000;

/** A node of the tree: its children by the value of the next dimension, in the order of the catalogue. */
interface Node {
  readonly next: Map<DimensionValue | undefined, Node>;
  /** Of the values on the way here, once a metric had them and no further dimension follows. */
  set: DimensionSet | undefined;
}

/** The one object for a type and these values of its dimensions; dimensions not of the type play no part. */
export type InternDimensions = (
  type: MetricType,
  dimensions: Readonly<Record<string, unknown>>,
) => DimensionSet;

/**
 * Make equal combinations of dimensions the same object, so that whatever comes later (batches, the series
 * table) finds what it knows of one by identity. Not a promise: a flood of values makes equal sets meet anew.
 *
 * A walk down a tree of maps, one level a dimension: it needs no key text, whose making and hashing
 * would cost more than all the rest of the validation.
 */
export function createDimensionSets(): InternDimensions {
  const roots = new Map<MetricType, Node>();
  let count = 0;
  let characters = 0;
  return (type, dimensions) => {
    let node = step(roots, type);
    for (const name of type.dimensions) {
      const value = Object.hasOwn(dimensions, name) ? (dimensions[name] as DimensionValue) : undefined;
      node = step(node.next, value);
    }
    if (node.set !== undefined) return node.set;
    if (count >= SETS_MAX || characters >= CHARACTERS_MAX) {
      // The set made below still serves its metric; it is only not found again.
      roots.clear();
      count = 0;
      characters = 0;
    }
    const set = createDimensionSet(type, dimensions);
    node.set = set;
    count += 1;
    characters += set.json.length;
    return set;
  };
}

function step<Key>(nodes: Map<Key, Node>, key: Key): Node {
  let node = nodes.get(key);
  if (node === undefined) {
    node = { next: new Map(), set: undefined };
    nodes.set(key, node);
  }
  return node;
}

function createDimensionSet(type: MetricType, dimensions: Readonly<Record<string, unknown>>): DimensionSet {
  const sent = type.dimensions.filter((name) => Object.hasOwn(dimensions, name));
  const members = sent.map((name) => `${JSON.stringify(name)}:${JSON.stringify(dimensions[name])}`);
  const values = type.dimensions.map((name) =>
    Object.hasOwn(dimensions, name) ? (dimensions[name] as DimensionValue) : undefined,
  );
  return { type, values, json: `{${members.join(",")}}` };
}

import type { MetricType } from "../catalogue/definition.ts";
import type { DimensionSet, DimensionValue } from "../catalogue/measurement.ts";
import { BoundedShares, bytesOfText, type FilledShare } from "../lib/bounded-shares.ts";

/**
 * A tree of maps, one level a dimension in the order of the catalogue: a set stands where nothing else is, and
 * makes room for a map when another begins with the same values. Most sets are told apart by few of theirs.
 */
type Branch = Map<MetricType | DimensionValue | undefined, Branch | DimensionSet>;

/** The one object for a type and these values of its dimensions; dimensions not of the type play no part. */
export type InternDimensions = (
  type: MetricType,
  dimensions: Readonly<Record<string, unknown>>,
) => DimensionSet;

/** The dimension sets that are remembered, for each API key by itself. */
export interface DimensionSets {
  /** For what comes with this key. */
  of(apiKeyId: number): InternDimensions;
  /** What they take, roughly. */
  readonly bytes: number;
}

/** Of a set without its texts, of each of its values, and of a map. */
const SET_BYTES = 200;
const VALUE_BYTES = 24;
const BRANCH_BYTES = 200;

/**
 * Make equal combinations of dimensions the same object, so that whatever comes later (batches, the series
 * table) finds what it knows of one by identity. Not a promise: a flood of values makes the equal sets of its
 * key meet anew.
 *
 * A walk down a tree needs no key text, whose making and hashing would cost more than all the rest of the
 * validation.
 */
export function createDimensionSets(): DimensionSets {
  const shares = new BoundedShares<number, Branch>(() => new Map());
  const intern = (
    share: FilledShare<Branch>,
    type: MetricType,
    dimensions: Readonly<Record<string, unknown>>,
  ) => {
    let branch = share.content;
    let key: MetricType | DimensionValue | undefined = type;
    for (let depth = 0; ; depth += 1) {
      const found: Branch | DimensionSet | undefined = branch.get(key);
      if (found === undefined) break;
      if (found instanceof Map) branch = found;
      else if (isSame(found, dimensions, depth)) return found;
      else {
        const parting: Branch = new Map([[found.values[depth], found]]);
        branch.set(key, parting);
        branch = parting;
        shares.grow(share, BRANCH_BYTES);
      }
      key = sentIn(dimensions, type.dimensions[depth] ?? "");
    }
    const set = createDimensionSet(type, dimensions);
    branch.set(key, set);
    shares.grow(share, SET_BYTES + VALUE_BYTES * set.values.length + 2 * bytesOfText(set.json));
    // The set still serves its metric; it is only not found again.
    shares.forgetExcess();
    return set;
  };
  return {
    of(apiKeyId) {
      const share = shares.of(apiKeyId);
      return (type, dimensions) => intern(share, type, dimensions);
    },
    get bytes() {
      return shares.bytes;
    },
  };
}

/** Whether the set has these values, those before dimension `from` aside. */
function isSame({ type, values }: DimensionSet, dimensions: Readonly<Record<string, unknown>>, from: number) {
  for (let index = from; index < values.length; index += 1) {
    if (sentIn(dimensions, type.dimensions[index] ?? "") !== values[index]) return false;
  }
  return true;
}

function sentIn(dimensions: Readonly<Record<string, unknown>>, name: string): DimensionValue | undefined {
  return Object.hasOwn(dimensions, name) ? (dimensions[name] as DimensionValue) : undefined;
}

function createDimensionSet(type: MetricType, dimensions: Readonly<Record<string, unknown>>): DimensionSet {
  const sent = type.dimensions.filter((name) => Object.hasOwn(dimensions, name));
  const members = sent.map((name) => `${JSON.stringify(name)}:${JSON.stringify(dimensions[name])}`);
  const values = type.dimensions.map((name) => sentIn(dimensions, name));
  return { type, values, json: `{${members.join(",")}}` };
}

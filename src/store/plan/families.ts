import type { MetricType } from "../../catalogue/definition.ts";
import { outcomeOf } from "../../catalogue/dimension-value.ts";
import { PendingRows } from "./pending-rows.ts";

/** One way to break a metric type down: by service and `dimensions`, none for the totals. */
export interface Family {
  readonly id: number;
  readonly type: MetricType;
  readonly dimensions: readonly string[];
  /** The stored rows hold every measurement up to this id. */
  lastMeasurementId: number;
  /** By `nameOfKey`. */
  readonly keys: Map<string, Key>;
  readonly keysPerService: Map<string, number>;
  /** What is not stored yet. */
  pending: PendingRows;
  /** What each row of `pending` stands for. */
  places: { readonly key: Key; readonly hour: number }[];
}

/** One combination of values in a family. */
export interface Key {
  /** Undefined until it is stored. */
  id: number | undefined;
  readonly service: string;
  /** JSON array, in the order of the family's dimensions. */
  readonly values: string;
  /** The newest day it is known to have a row of; days since 1970 UTC. */
  lastDay: number;
  /** Its rows of the family's `pending`, by hour since 1970 UTC. Empty for most keys at most times. */
  readonly rows: Map<number, number>;
}

/** The row of `family.pending` that adds up an hour of a key. */
export function pendingRow(family: Family, key: Key, hour: number): number {
  const known = key.rows.get(hour);
  if (known !== undefined) return known;
  const row = family.pending.create();
  family.places.push({ key, hour });
  key.rows.set(hour, row);
  return row;
}

/** Forget what is not stored yet. */
export function dropPending(family: Family): void {
  for (const { key } of family.places) key.rows.clear();
  family.places = [];
  family.pending = new PendingRows();
}

/** What a dimension says of values beyond the caps. */
export const OTHER = "_other";
/** Keys a family may have. Clients choose the values, and each costs rows for years. */
const KEYS_MAX = 20_000;
/** So that one service cannot take every place. */
const KEYS_PER_SERVICE_MAX = 2_000;

/**
 * Whether an API key names the service as its own or as one it may write. These services are few, and have
 * their places whatever others do: a key can write any number of other names.
 */
export type IsNamedByKey = (service: string) => boolean;

/** The key of a combination; beyond the caps the one that collects the rest. */
export function keyOf(
  family: Family,
  service: string,
  values: readonly (string | null)[],
  isNamedByKey: IsNamedByKey,
): Key {
  const json = JSON.stringify(values);
  const known = family.keys.get(nameOfKey(service, json));
  if (known !== undefined) return known;
  const isFull = family.keys.size >= KEYS_MAX && !isNamedByKey(service);
  const serviceKeys = family.keysPerService.get(service) ?? 0;
  if (isFull || serviceKeys >= KEYS_PER_SERVICE_MAX) {
    const restJson = JSON.stringify(restOf(family.type, family.dimensions, values));
    const restService = isFull && serviceKeys === 0 ? OTHER : service;
    const rest = family.keys.get(nameOfKey(restService, restJson));
    return rest ?? remember(family, createRollupKey(restService, restJson));
  }
  return remember(family, createRollupKey(service, json));
}

/** The values of the key that collects what is beyond the caps. Success and failure stay apart. */
export function restOf(
  type: MetricType,
  dimensions: readonly string[],
  values: readonly (string | null)[],
): (string | null)[] {
  return dimensions.map((name, index) => {
    const value = values[index] ?? null;
    if (name !== type.commonNames.success) return OTHER;
    return value === null ? null : (outcomeOf(type, value)?.name ?? OTHER);
  });
}

export function forgetKey(family: Family, key: Key): void {
  family.keys.delete(nameOfKey(key.service, key.values));
  family.keysPerService.set(key.service, (family.keysPerService.get(key.service) ?? 1) - 1);
}

export function createRollupKey(service: string, values: string): Key {
  return { id: undefined, service, values, lastDay: Number.NEGATIVE_INFINITY, rows: new Map() };
}

export function remember(family: Family, key: Key): Key {
  family.keys.set(nameOfKey(key.service, key.values), key);
  family.keysPerService.set(key.service, (family.keysPerService.get(key.service) ?? 0) + 1);
  return key;
}

/** Services hold no space. */
function nameOfKey(service: string, values: string): string {
  return `${service} ${values}`;
}

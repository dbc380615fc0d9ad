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
  /** By service. */
  readonly keys: Map<string, KeysOfService>;
  keyCount: number;
  /** What is not stored yet. */
  pending: PendingRows;
  /** What each row of `pending` stands for. */
  places: { readonly key: Key; readonly hour: number }[];
}

/** What a family has of a service. */
export interface KeysOfService {
  readonly byValues: Map<string, Key>;
  /** Of all their values. */
  characters: number;
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
  /** Its rows of the family's `pending`, by hour since 1970 UTC. Undefined for most keys at most times. */
  rows: Map<number, number> | undefined;
}

/** The row of `family.pending` that adds up an hour of a key. */
export function pendingRow(family: Family, key: Key, hour: number): number {
  const known = key.rows?.get(hour);
  if (known !== undefined) return known;
  const row = family.pending.create();
  family.places.push({ key, hour });
  key.rows ??= new Map();
  key.rows.set(hour, row);
  return row;
}

/** Forget what is not stored yet. */
export function dropPending(family: Family): void {
  for (const { key } of family.places) key.rows = undefined;
  family.places = [];
  family.pending = new PendingRows();
}

/** What a dimension says of values beyond the caps. */
export const OTHER = "_other";
/** Keys a family may have. Clients choose the values, and each costs rows for years. */
const KEYS_MAX = 20_000;
/** So that one service cannot take every place. */
const KEYS_PER_SERVICE_MAX = 2_000;
/** Of their values: two hundred a key, as many as one of the longest has. All are kept in memory. */
const CHARACTERS_PER_SERVICE_MAX = 400_000;

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
  const ofService = family.keys.get(service);
  const known = ofService?.byValues.get(json);
  if (known !== undefined) return known;
  const isFull = family.keyCount >= KEYS_MAX && !isNamedByKey(service);
  if (isFull || isServiceFull(ofService)) {
    const restJson = JSON.stringify(restOf(family.type, family.dimensions, values));
    const restService = isFull && ofService === undefined ? OTHER : service;
    const rest = family.keys.get(restService)?.byValues.get(restJson);
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

function isServiceFull(keys: KeysOfService | undefined): boolean {
  if (keys === undefined) return false;
  return keys.byValues.size >= KEYS_PER_SERVICE_MAX || keys.characters >= CHARACTERS_PER_SERVICE_MAX;
}

export function forgetKey(family: Family, key: Key): void {
  const keys = family.keys.get(key.service);
  if (keys === undefined || !keys.byValues.delete(key.values)) return;
  keys.characters -= key.values.length;
  family.keyCount -= 1;
  if (keys.byValues.size === 0) family.keys.delete(key.service);
}

export function createRollupKey(service: string, values: string): Key {
  return { id: undefined, service, values, lastDay: Number.NEGATIVE_INFINITY, rows: undefined };
}

export function remember(family: Family, key: Key): Key {
  const keys = family.keys.get(key.service) ?? { byValues: new Map<string, Key>(), characters: 0 };
  family.keys.set(key.service, keys);
  keys.byValues.set(key.values, key);
  keys.characters += key.values.length;
  family.keyCount += 1;
  return key;
}

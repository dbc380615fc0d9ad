/** What the tests of every part of the port share: stores, names of their own, and looking at metrics. */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { METRIC_TYPES } from "../../src/catalogue/catalogue.ts";
import { type FailureReason, ServiceError } from "../../src/errors.ts";
import type { AuditTrace } from "../../src/store/audit.ts";
import type { Pace } from "../../src/store/plan/steps.ts";
import type { AggregateQuery, EventRow, EventsQuery, Filter } from "../../src/store/queries.ts";
import type { Store, StoreOperations } from "../../src/store/store.ts";
import { NOW_MS } from "../support/time.ts";
import { failureOf } from "../support/wait.ts";
import type { Engine, Installation } from "./engines.ts";

/** Registers the tests of one part of the port. */
export type Contract = (test: Test, engine: Engine) => void;

/** One store for all tests of a part that work under names of their own: opening one takes a while. */
export function sharedStore(test: Test, engine: Engine): () => Promise<Store> {
  let opened: Promise<Store> | undefined;
  test.after(async () => (await opened)?.close());
  return () => {
    opened ??= engine.createPrepared().open();
    return opened;
  };
}

/** Work on a new store, which is closed whatever comes of it. */
export async function withStore(
  engine: Engine,
  work: (store: Store, installation: Installation) => Promise<void>,
): Promise<void> {
  const installation = engine.createPrepared();
  await withOpened(installation, (store) => work(store, installation));
}

export async function withOpened<Result>(
  installation: Installation,
  work: (store: Store) => Promise<Result>,
): Promise<Result> {
  const store = await installation.open();
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

let names = 0;
/** A name that no other test has. */
export const ownName = (kind = "service") => `${kind}-${names++}`;

export const everyType = METRIC_TYPES.map(({ name }) => name);
export const ofService = (service: string): Filter => ({
  dimension: "service",
  values: [service],
  isNegated: false,
});

export const ALL_EVENTS: EventsQuery = {
  types: everyType,
  range: { startMs: -1e14, endMs: 1e15 },
  filters: [],
  order: "oldest first",
  cursor: undefined,
  moment: undefined,
  limit: 1000,
};

/** Every page of a query; `between` runs after each. */
export async function allPages(
  { queries }: StoreOperations,
  asked: EventsQuery,
  between: () => Promise<unknown> = async () => {},
): Promise<readonly EventRow[]> {
  const found: EventRow[] = [];
  let { cursor, moment } = asked;
  do {
    const page = await queries.events({ ...asked, cursor, moment });
    assert.ok(page.events.length <= asked.limit, "no page is longer than it was asked for");
    found.push(...page.events);
    ({ next: cursor, moment } = page);
    await between();
  } while (cursor !== undefined);
  return found;
}

/** The metrics of a service, oldest first; of one instant in the order in which they were stored. */
export const eventsOf = (store: StoreOperations, service: string) =>
  allPages(store, { ...ALL_EVENTS, filters: [ofService(service)] });

export const valuesOf = async (store: StoreOperations, service: string) =>
  (await eventsOf(store, service)).map(({ value }) => value);

/** Some statistics of a service's metrics: the values of each group after its labels. */
export async function askOf(store: StoreOperations, service: string, changes: Partial<AggregateQuery> = {}) {
  const { groups } = await store.queries.aggregate({
    types: everyType,
    range: { startMs: NOW_MS - 48 * 3_600_000, endMs: NOW_MS + 3_600_000 },
    stepMs: undefined,
    groupBy: [],
    statistics: ["count"],
    groupsMax: 10_000,
    ...changes,
    filters: [ofService(service), ...(changes.filters ?? [])],
  });
  return groups.map(({ labels, values }) => [...labels, ...values]);
}

/** A pace that ends the work after so many steps. */
export function stopAfter(steps: number): Pace {
  let left = steps;
  return async () => {
    left -= 1;
    if (left <= 0) throw new StoppedError();
  };
}

/** What `stopAfter` ends work with. */
export class StoppedError extends Error {}

/** Do long work until it is over or was ended by its pace. Returns whether it is over. */
export async function isOver(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (error instanceof StoppedError) return false;
    throw error;
  }
}

/** The promise must be rejected for this reason. */
export async function assertRejected(
  promise: Promise<unknown>,
  reason: FailureReason,
  message: RegExp = /./,
): Promise<ServiceError> {
  const error = await failureOf(promise);
  if (!(error instanceof ServiceError)) throw error;
  assert.is(error.reason, reason, error.message);
  assert.match(error.message, message);
  return error;
}

/** An act of somebody; `action` tells it from others. */
export const traceOf = (action = ownName("act")): AuditTrace => ({
  timestampMs: NOW_MS,
  apiKeyId: 3,
  actor: "ops",
  action,
  target: "something",
  details: { asked: true },
});

/** A trace that no store can write down: its time is none. */
export const unwritableTrace = (): AuditTrace => ({ ...traceOf(), timestampMs: Number.NaN });

/** The entries of an act, newest first. */
export const entriesOf = async ({ audit }: StoreOperations, { action }: AuditTrace) =>
  (await audit.list(undefined, 100_000)).filter((entry) => entry.action === action);

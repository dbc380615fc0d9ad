import type { Protocol } from "../support/doors.ts";
import type { TestMetric, TestSubmission } from "../support/spellings.ts";

/** What must come out, through every door. */
export interface Expected {
  /** Metrics stored; absent: as many as were sent. */
  readonly accepted?: number;
  /** The reason of a call that fails as a whole; nothing is stored then. */
  readonly failure?: string;
  /** `field reason` of every broken rule, in order; absent: none. */
  readonly problems?: readonly string[];
  /** Each must stand in some text of `errors`. */
  readonly errors?: readonly string[];
  /** Each must stand in the text of `warnings` at the same place; absent: none. */
  readonly warnings?: readonly string[];
  readonly duplicate?: boolean;
  /** By view, the rows of this call in order; the columns named here, others may hold anything. */
  readonly rows?: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
}

export interface Step {
  readonly send: TestSubmission;
  readonly headers?: Readonly<Record<string, string>>;
  readonly expect: Expected;
}

/** One guarantee. `steps` are sent one after the other through the same door. */
export interface DoorCase {
  readonly name: string;
  readonly steps: readonly Step[];
  /** The doors through which it cannot be said, and why. */
  readonly notThrough?: { readonly protocols: readonly Protocol[]; readonly because: string };
}

export const GOOD_METRIC: TestMetric = { type: "custom", value: 1, dimensions: { metric_name: "good" } };

/** A case of one call. */
export function single(
  name: string,
  send: TestSubmission,
  expect: Expected,
  more: Omit<DoorCase, "name" | "steps"> & Pick<Step, "headers"> = {},
): DoorCase {
  const { headers, ...rest } = more;
  return { name, steps: [{ send, expect, ...(headers && { headers }) }], ...rest };
}

/** A case of one metric under test between two good ones, which must be stored whatever becomes of it. */
export function between(
  name: string,
  metric: TestMetric,
  expect: Expected,
  more: Omit<DoorCase, "name" | "steps"> = {},
): DoorCase {
  const metrics = [GOOD_METRIC, { type: "custom", value: 1, ...metric }, GOOD_METRIC];
  return single(name, { service: "test", metrics }, expect, more);
}

/** A case of one metric that is refused for one reason, and its neighbours are not. */
export function refused(
  name: string,
  metric: TestMetric,
  problem: string,
  error: string,
  more: Omit<DoorCase, "name" | "steps"> = {},
): DoorCase {
  const problems = [`metrics[1].${problem}`];
  return between(name, metric, { accepted: 2, problems, errors: [error] }, more);
}

/** `count` keys with the value 1. */
export function keys(count: number, prefix = "k"): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`${prefix}${at}`, 1]));
}

/** One character of two UTF-16 units and four bytes. */
export const ASTRAL = "𝕏";

/** In an idempotency key: replaced by one character that is another one for each door. */
export const DOOR = "§";

import { keyFields, type Principal } from "../access/call.ts";
import type { Violation } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";

/** What became of something that a client sent, as far as not all of it was stored. */
export interface NotStored {
  readonly requestId: string;
  /** Of the key it came with; undefined without a valid one. */
  readonly key: Pick<Principal, "apiKeyId" | "role" | "prefix"> | undefined;
  /** Whose metrics they are; undefined where nobody knows. */
  readonly service: string | undefined;
  /** Metrics or points; undefined where the request was refused before they were counted. */
  readonly accepted?: number;
  readonly rejected?: number;
  /** Why metrics are not stored. */
  readonly reasons: readonly Violation[];
  /** What was left out of metrics that are stored, and why. */
  readonly leftOut?: readonly Violation[];
}

export type LogRejections = (notStored: NotStored) => void;

/** How long a reason is kept quiet about for a key after it was logged. */
const QUIET_MS = 60_000;
/** Reasons of one line: those that come first. The others are said by a later line. */
const REASONS_PER_LINE = 10;
/** Pairs of key and reason that are remembered. What is new beyond them waits until one is a minute old. */
const REMEMBERED_MAX = 10_000;
/** Of a reason's first message, in UTF-16 units. */
const MESSAGE_LENGTH_MAX = 300;

/** A reason that a key has met. */
interface Remembered {
  readonly loggedMs: number;
  /** How often it came up since it was logged. */
  quiet: number;
}

/** A reason as it stands in a line. */
interface Reason {
  /** `value.required`: the field without what the client chose, and the broken rule. */
  readonly reason: string;
  /** Since it was last logged for this key. */
  count: number;
  /** The first of them in words. */
  readonly example: string;
  /** What the operator may set, if it is for them to decide. */
  readonly setting?: string | undefined;
}

/** The settings behind reasons that are no mistake of a client. */
const SETTINGS: Readonly<Record<string, string>> = {
  "metric.too_many": "MAX_METRICS_PER_REQUEST",
  "resource_metrics.too_many": "MAX_DATA_POINTS_PER_REQUEST",
  body_too_large: "MAX_REQUEST_SIZE",
  service_not_allowed: "METRICS_SERVICE_BINDING",
  "service.service_not_allowed": "METRICS_SERVICE_BINDING",
};

/**
 * Says in the log why metrics were refused: many senders print nothing of an answer, and drop what is refused.
 *
 * A key and reason are logged once a minute at the most, and the next line counts what came in between: a sender
 * that repeats its mistake a thousand times a second fills no disk.
 */
export function createRejectionLog(
  logger: Logger,
  { monotonicMs }: Pick<Clock, "monotonicMs">,
): LogRejections {
  /** In the order in which they were logged. */
  const remembered = new Map<string, Remembered>();

  /** Of `found` what is to be said now, counted; the rest is counted for later. */
  function due(key: string, found: readonly Reason[], nowMs: number): readonly Reason[] {
    const said: Reason[] = [];
    for (const reason of found) {
      const name = `${key} ${reason.reason}`;
      const before = remembered.get(name);
      if (before !== undefined && (nowMs - before.loggedMs < QUIET_MS || said.length >= REASONS_PER_LINE)) {
        before.quiet += reason.count;
        continue;
      }
      if (said.length >= REASONS_PER_LINE || (before === undefined && !makeRoom(nowMs))) continue;
      said.push({ ...reason, count: reason.count + (before?.quiet ?? 0) });
      remembered.delete(name);
      remembered.set(name, { loggedMs: nowMs, quiet: 0 });
    }
    return said;
  }

  /** Forget the reason that was logged first, if that is long ago. */
  function makeRoom(nowMs: number): boolean {
    if (remembered.size < REMEMBERED_MAX) return true;
    for (const [name, { loggedMs }] of remembered) {
      if (nowMs - loggedMs < QUIET_MS) return false;
      return remembered.delete(name);
    }
    return true;
  }

  return ({ requestId, key: owner, service, accepted, rejected, reasons, leftOut = [] }) => {
    const nowMs = monotonicMs();
    const key = `${owner?.apiKeyId ?? ""}`;
    const rejectedNow = due(key, tally(reasons), nowMs);
    const omitted = due(`${key} left out`, tally(leftOut), nowMs);
    if (rejectedNow.length + omitted.length === 0) return;
    const whose = service === undefined ? "of nobody's key" : `from ${service}`;
    const what = rejected === undefined ? "a request" : `${rejected} metrics`;
    const message =
      rejectedNow.length > 0 ? `Rejected ${what} ${whose}` : `Left out parts of metrics ${whose}`;
    logger.warn(message, {
      request_id: requestId,
      ...(service !== undefined && { service }),
      ...(owner !== undefined && keyFields(owner)),
      ...(accepted !== undefined && { accepted }),
      ...(rejected !== undefined && { rejected }),
      ...(rejectedNow.length > 0 && { reasons: rejectedNow }),
      ...(omitted.length > 0 && { left_out: omitted }),
    });
  };
}

/** The field of a broken rule without what the client chose: `metrics[3].dimensions.foo` is `dimensions`. */
export function fieldLabel(field: string): string {
  return field.replace(/^metrics\[\d+\]\.?/, "").split(".", 1)[0] || "metric";
}

/** Equal reasons as one, in the order in which they first came up. */
function tally(violations: readonly Violation[]): readonly Reason[] {
  const found = new Map<string, Reason>();
  for (const { field, reason, message } of violations) {
    const name = field === "" ? reason : `${fieldLabel(field)}.${reason}`;
    const same = found.get(name);
    if (same !== undefined) same.count += 1;
    else {
      const setting = SETTINGS[name];
      found.set(name, {
        reason: name,
        count: 1,
        example: exampleOf(field, message),
        ...(setting && { setting }),
      });
    }
  }
  return [...found.values()];
}

function exampleOf(field: string, message: string): string {
  const text = field === "" ? message : `${field}: ${message}`;
  return text.length > MESSAGE_LENGTH_MAX ? `${text.slice(0, MESSAGE_LENGTH_MAX - 1).toWellFormed()}…` : text;
}

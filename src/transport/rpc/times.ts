/** Times of the domain, which are numbers, and protobuf's messages for them. */
import { type Duration, durationFromMs, type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";

/** ms since 1970 UTC, rounded down to a whole one; undefined for an absent timestamp. */
export function toMs(time: Timestamp): number;
export function toMs(time: Timestamp | undefined): number | undefined;
export function toMs(time: Timestamp | undefined): number | undefined {
  return time && Number(time.seconds) * 1000 + Math.floor(time.nanos / 1e6);
}

/** A Date even when it is out of range: the validator then says so for this metric alone. */
export function toDate(time: Timestamp | undefined): Date | undefined {
  return time && new Date(toMs(time));
}

/** ms, with a fraction; undefined for an absent duration. */
export function toDurationMs(duration: Duration | undefined): number | undefined {
  return duration && Number(duration.seconds) * 1000 + duration.nanos / 1e6;
}

/** Seconds, with a fraction; 0 for an absent duration. */
export function toSeconds(duration: Duration | undefined): number {
  return Number(duration?.seconds ?? 0) + (duration?.nanos ?? 0) / 1e9;
}

/** A duration in whole milliseconds. */
export function fromSeconds(seconds: number): Duration {
  return durationFromMs(Math.round(seconds * 1000));
}

/** Times in ms as messages; those that are undefined are left out. */
export function timestamps<Name extends string>(ms: { readonly [name in Name]: number | undefined }) {
  const found = Object.entries<number | undefined>(ms).flatMap(([name, at]) =>
    at === undefined ? [] : [[name, timestampFromMs(at)] as const],
  );
  return Object.fromEntries(found) as { [name in Name]?: Timestamp };
}

import type { IncomingHttpHeaders } from "node:http";

/**
 * A caller's deadline, cut to ours. Connect refuses a longer one (connect 2.2.0: INVALID_ARGUMENT), and clients
 * ask for what they like: two minutes, or ten thousand seconds where somebody meant milliseconds.
 */

/** Longest that a call with one answer is worked on for its caller. */
const UNARY_MS_MAX = 60_000;
/** Of streams, which have no deadline of ours: as long as a timer of node can run. */
export const DEADLINE_MS_MAX = 2 ** 31 - 1;

/** ms of each unit of `grpc-timeout` (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). */
const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/**
 * How long a call with one answer is worked on, in ms, by the header of its protocol: without a limit where it
 * has none. Undefined for what is no time.
 */
export function unaryDeadlineMs(headers: IncomingHttpHeaders, isConnect: boolean): number | undefined {
  const text = headers[isConnect ? "connect-timeout-ms" : "grpc-timeout"];
  if (text === undefined) return Number.POSITIVE_INFINITY;
  const [, amount, unit = ""] =
    (isConnect ? /^(\d{1,10})()$/ : /^(\d{1,8})([HMSmun])$/).exec(String(text)) ?? [];
  return amount === undefined ? undefined : Math.min(Number(amount) * (UNIT_MS[unit] ?? 1), UNARY_MS_MAX);
}

/** Cut the deadline in a call's headers. What is none, and what is shorter, stays for Connect to read. */
export function cutDeadline(header: Headers, isUnary: boolean): void {
  const maxMs = isUnary ? UNARY_MS_MAX : DEADLINE_MS_MAX;
  const [, amount, unit = ""] = /^(\d+)([HMSmun])$/.exec(header.get("grpc-timeout") ?? "") ?? [];
  // In seconds: eight digits are all there is room for.
  if (Number(amount) * (UNIT_MS[unit] ?? 0) > maxMs)
    header.set("grpc-timeout", `${Math.floor(maxMs / 1000)}S`);
  const ms = header.get("connect-timeout-ms") ?? "";
  if (/^\d+$/.test(ms) && Number(ms) > maxMs) header.set("connect-timeout-ms", `${maxMs}`);
}

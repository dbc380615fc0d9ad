import {
  formatChange,
  formatCount,
  formatDuration,
  formatExact,
  formatRate,
  formatShare,
} from "../format/numbers.ts";
import { gradeSuccess } from "../panels/grades.ts";
import type { StatDefinition } from "../panels/stat-strip.ts";

const of = (value: number | undefined) => value ?? Number.NaN;

function compared(now: number | undefined, before: number | undefined): string | undefined {
  return formatChange(of(now), of(before));
}

const AUTHENTICATION: StatDefinition = {
  id: "auth-success",
  label: "Authentication success",
  read(now, before) {
    const { count, errors, error_rate } = now("auth_request");
    const success = 1 - of(error_rate);
    const earlier = 1 - of(before("auth_request").error_rate);
    return {
      value: formatShare(success),
      change: formatChange(success, earlier),
      note: count ? `${formatExact(of(errors))} of ${formatCount(count)} failed` : "nobody signed in",
      grade: gradeSuccess(success),
    };
  },
};

const TOOL_RATE: StatDefinition = {
  id: "tool-calls",
  label: "MCP requests",
  read(now, before) {
    const { count, rate } = now("tool_execution");
    return {
      value: formatCount(count ?? 0),
      change: compared(rate, before("tool_execution").rate),
      note: formatRate(rate ?? 0),
    };
  },
};

const TOOL_ERRORS: StatDefinition = {
  id: "tool-errors",
  label: "Request errors",
  read(now, before) {
    const { errors, error_rate } = now("tool_execution");
    return {
      value: formatShare(of(error_rate)),
      change: compared(error_rate, before("tool_execution").error_rate),
      note: `${formatExact(errors ?? 0)} failed`,
    };
  },
};

const TOOL_LATENCY: StatDefinition = {
  id: "tool-p95",
  label: "Request latency P95",
  read(now, before) {
    const { p50, p95 } = now("tool_execution");
    return {
      value: formatDuration(of(p95)),
      change: compared(p95, before("tool_execution").p95),
      note: `P50 ${formatDuration(of(p50))}`,
    };
  },
};

const DISCOVERY: StatDefinition = {
  id: "discovery",
  label: "Tool discoveries",
  read(now, before) {
    const { count, rate, p95 } = now("tool_discovery");
    return {
      value: formatCount(count ?? 0),
      change: compared(rate, before("tool_discovery").rate),
      note: `P95 ${formatDuration(of(p95))}`,
    };
  },
};

const FLOW: StatDefinition = {
  id: "flow",
  label: "Protocol flow P95",
  read(now, before) {
    const { count, p95 } = now("protocol_latency");
    return {
      value: formatDuration(of(p95)),
      change: compared(p95, before("protocol_latency").p95),
      note: `${formatCount(count ?? 0)} steps`,
    };
  },
};

/** What decides at a glance whether all is well. */
export const OVERVIEW_STATS = [TOOL_RATE, AUTHENTICATION, TOOL_ERRORS, TOOL_LATENCY, FLOW, DISCOVERY];
export const OVERVIEW_TYPES = ["auth_request", "tool_execution", "tool_discovery", "protocol_latency"];

import type { Condition, InstrumentDefinition, MetricType } from "./definition.ts";
import { ATTEMPT, lastValue, total } from "./shorthands.ts";

// The conditions of an instrument's `when`.
const is = (dimension: string, value: string): Condition => ({ dimension, is: value });
const isSent = (dimension: string): Condition => ({ dimension, isSent: true });
const isAbsent = (dimension: string): Condition => ({ dimension, isSent: false });

/** The states of a server, and what the gauge of each shows; `total` stands for all of them. */
const SERVER_STATES = {
  total: "Configured servers",
  running: "Servers that run",
  stopped: "Servers that are stopped",
  failed: "Servers that have failed",
};

/** Two gauges from one type: metrics without a server are a composer's total, others a server's own. */
function capability(kind: "tools" | "prompts" | "resources"): readonly InstrumentDefinition[] {
  const title = `${kind[0]?.toUpperCase()}${kind.slice(1)}`;
  return [
    lastValue(`mcp_${kind}_total`, `${title} of all servers`, [], {
      when: [is("kind", kind), isAbsent("server_id")],
    }),
    lastValue(`mcp_${kind}_by_server`, `${title} of each server`, ["server_id"], {
      when: [is("kind", kind), isSent("server_id")],
      gauge: { endsAtZero: true },
    }),
  ];
}

/** The type by which an instance says that it is gone, and all that it has said of itself with it. */
export const SIGN_OFF = "composer_shutdown";

/**
 * What a composer reports of itself and of the servers it runs. Names of instruments are those that its
 * clients know; some gauges end in `_total`, against Prometheus' naming
 * (https://prometheus.io/docs/practices/naming/).
 */
export const COMPOSER_STATE_TYPES: readonly MetricType[] = [
  {
    name: "composer_info",
    description: "What a composer is; value 1",
    dimensions: ["version", "platform"],
    rollups: [],
    commonNames: {},
    isPerInstance: true,
    isState: true,
    instruments: [
      lastValue("mcp_composer_info", "Version and platform of the composer", ["version", "platform"], {
        gauge: { together: "max", isSingle: true },
      }),
    ],
  },
  {
    name: "composer_uptime",
    description: "How long a composer has run, in seconds",
    dimensions: [],
    rollups: [],
    commonNames: {},
    isPerInstance: true,
    isState: true,
    isNeverNegative: true,
    instruments: [
      lastValue("mcp_composer_uptime_seconds", "Time since the composer started", [], {
        unit: "s",
        gauge: { together: "max", isClock: true },
      }),
    ],
  },
  {
    name: SIGN_OFF,
    description: "A composer has ended, and all it has said of itself until then; value 1",
    dimensions: [],
    rollups: [],
    commonNames: {},
    isPerInstance: true,
    isState: true,
    instruments: [],
  },
  {
    name: "server_count",
    description: "How many servers a composer has in a state",
    dimensions: ["state"],
    choices: { state: Object.keys(SERVER_STATES) },
    rollups: [["state"]],
    commonNames: {},
    isPerInstance: true,
    isState: true,
    isNeverNegative: true,
    instruments: Object.entries(SERVER_STATES).map(([state, description]) =>
      lastValue(`mcp_servers_${state}`, description, [], { when: [is("state", state)] }),
    ),
  },
  {
    name: "capability_count",
    description: "How many tools, prompts or resources there are, of one server or of all",
    dimensions: ["kind", "server_id"],
    choices: { kind: ["tools", "prompts", "resources"] },
    rollups: [["kind", "server_id"]],
    commonNames: { server: "server_id" },
    isPerInstance: true,
    isState: true,
    isNeverNegative: true,
    instruments: [...capability("tools"), ...capability("prompts"), ...capability("resources")],
  },
  {
    name: "tool_conflicts",
    description: "How many tool names are claimed by several servers",
    dimensions: [],
    rollups: [],
    commonNames: {},
    isPerInstance: true,
    isState: true,
    isNeverNegative: true,
    instruments: [lastValue("mcp_tool_conflicts_total", "Tool names that several servers claim", [])],
  },
  {
    name: "process_usage",
    description: "Memory in MB or CPU in percent that a composer, or one of its servers, uses",
    dimensions: ["kind", "server_id"],
    choices: { kind: ["memory_mb", "cpu_percent"] },
    rollups: [["kind", "server_id"]],
    commonNames: { server: "server_id" },
    isPerInstance: true,
    isState: true,
    isNeverNegative: true,
    instruments: [],
  },
];

/** A type whose metric is one attempt at something with a server, which succeeds or fails. */
function attempt(name: string, instrument: string, verb: string): MetricType {
  return {
    name,
    description: `An attempt to ${verb} a server`,
    dimensions: ["server_id", "status"],
    rollups: [["server_id", "status"]],
    ...ATTEMPT,
    commonNames: { ...ATTEMPT.commonNames, server: "server_id" },
    isPerInstance: true,
    isState: true,
    instruments: [total(instrument, `Attempts to ${verb} a server`, ["server_id", "status"])],
  };
}

/** What happens to the servers of a composer. */
export const SERVER_LIFECYCLE_TYPES: readonly MetricType[] = [
  attempt("server_start", "mcp_server_starts_total", "start"),
  attempt("server_stop", "mcp_server_stops_total", "stop"),
  {
    name: "server_restart",
    description: "A restart of a server; reason is manual, crash or config_change",
    dimensions: ["server_id", "reason"],
    rollups: [["server_id", "reason"]],
    commonNames: { server: "server_id" },
    isPerInstance: true,
    isState: true,
    instruments: [total("mcp_server_restarts_total", "Restarts of a server", ["server_id", "reason"])],
  },
  {
    name: "server_crash",
    description: "A crash of a server",
    dimensions: ["server_id"],
    rollups: [["server_id"]],
    commonNames: { server: "server_id" },
    isPerInstance: true,
    isState: true,
    instruments: [total("mcp_server_crashes_total", "Crashes of a server", ["server_id"])],
  },
];

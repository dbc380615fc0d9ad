/** What the rows of a directory may say, of every server. */

/** Ids: what directories use, from `server-123` to `@scope/name` and UUIDs. */
export const SERVER_ID = /^[A-Za-z0-9_.:@/-]{1,128}$/;

/** Types of a server's metrics: those of the first two add up, those of the others are averaged. */
export const SERVER_METRIC_TYPES = [
  "counter",
  "count",
  "gauge",
  "timer",
  "histogram",
  "distribution",
] as const;

/** Metrics of different names that a server may have. Each is kept, with its days, for years. */
export const NAMES_PER_SERVER_MAX = 1000;

/** What can be reported to have happened to a server. */
export const SERVER_EVENT_TYPES = [
  "status_change",
  "version_change",
  "restart",
  "outage",
  "maintenance",
  "error",
  "deployment",
  "config_change",
] as const;

/** What can be done with a server. */
export const SERVER_ACTIONS = ["view", "install", "test", "invoke"] as const;

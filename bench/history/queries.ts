/** Ten questions a dashboard asks, in two languages: ours, and SQL over the predecessor's tables. */

/** A request of QueryService as JSON over Connect. */
export interface DashboardQuery {
  readonly name: string;
  readonly days: number;
  readonly method: "QuerySeries" | "TopValues" | "Summary";
  readonly request: object;
  /** With `:start` and `:end`, ISO texts. */
  readonly sql: string;
}

const HOUR_DAYS = 1 / 24;
const LATENCY = ["p50", "p95", "p99"];
/** Characters of an ISO text that name its hour, minute and day. */
const BUCKETS = { minute: 16, hour: 13, day: 10 } as const;

/** Count, error rate and percentiles of a table's rows, by an expression: one pass to rank, one to pick. */
function percentileSql(table: string, group: string, where = "1"): string {
  return `WITH ranked AS (
      SELECT ${group} AS grp, duration_ms, success,
        row_number() OVER (PARTITION BY ${group} ORDER BY duration_ms) AS place,
        count(*) OVER (PARTITION BY ${group}) AS places
      FROM ${table} WHERE timestamp >= :start AND timestamp < :end AND ${where})
    SELECT grp, max(places) AS count, avg(success = 0) AS error_rate,
      min(CASE WHEN place >= places * 0.5 THEN duration_ms END) AS p50,
      min(CASE WHEN place >= places * 0.95 THEN duration_ms END) AS p95,
      min(CASE WHEN place >= places * 0.99 THEN duration_ms END) AS p99
    FROM ranked GROUP BY grp`;
}

const bucket = (unit: keyof typeof BUCKETS) => `substr(timestamp, 1, ${BUCKETS[unit]})`;
const equals = (dimension: string, value: string) => [
  { dimension, operator: "FILTER_OPERATOR_EQUALS", values: [value] },
];
const tools = { types: ["tool_execution"] };
const seconds = (count: number) => ({ step: `${count}s` });
const COUNTS = ["count", "error_rate"];

export const QUERIES: readonly DashboardQuery[] = [
  {
    name: "last hour by minute",
    days: HOUR_DAYS,
    method: "QuerySeries",
    request: { ...tools, ...seconds(60), statistics: [...COUNTS, ...LATENCY] },
    sql: percentileSql("tool_metrics", bucket("minute")),
  },
  {
    name: "24 hours by hour",
    days: 1,
    method: "QuerySeries",
    request: { ...tools, ...seconds(3600), statistics: [...COUNTS, ...LATENCY] },
    sql: percentileSql("tool_metrics", bucket("hour")),
  },
  {
    name: "7 days by hour",
    days: 7,
    method: "QuerySeries",
    request: { ...tools, ...seconds(3600), statistics: [...COUNTS, ...LATENCY] },
    sql: percentileSql("tool_metrics", bucket("hour")),
  },
  {
    name: "90 days by day",
    days: 90,
    method: "QuerySeries",
    request: { ...tools, ...seconds(86_400), statistics: [...COUNTS, ...LATENCY] },
    sql: percentileSql("tool_metrics", bucket("day")),
  },
  {
    name: "error rate of authentication, 90 days",
    days: 90,
    method: "QuerySeries",
    request: { types: ["auth_request"], ...seconds(86_400), statistics: ["error_rate"] },
    sql: `SELECT ${bucket("day")} AS grp, avg(success = 0) AS error_rate FROM auth_metrics
      WHERE timestamp >= :start AND timestamp < :end GROUP BY grp`,
  },
  {
    name: "p50, p95 and p99 of 90 days",
    days: 90,
    method: "Summary",
    request: { ...tools, group: "SUMMARY_GROUP_TYPE", statistics: ["count", ...LATENCY] },
    sql: percentileSql("tool_metrics", "'tool_execution'"),
  },
  {
    name: "top ten tools of 24 hours, with p95",
    days: 1,
    method: "TopValues",
    request: { ...tools, dimension: "tool", by: "count", limit: 10, statistics: ["count", "p95"] },
    sql: `${percentileSql("tool_metrics", "tool_name")} ORDER BY count DESC LIMIT 10`,
  },
  {
    name: "one server, 90 days by day",
    days: 90,
    method: "QuerySeries",
    request: {
      ...tools,
      ...seconds(86_400),
      filters: equals("server", "github"),
      statistics: [...COUNTS, ...LATENCY],
    },
    sql: percentileSql("tool_metrics", bucket("day"), "server_name = 'github'"),
  },
  {
    name: "by service, 7 days by hour",
    days: 7,
    method: "QuerySeries",
    request: { ...tools, ...seconds(3600), group_by: ["service"], statistics: ["count", "p95"] },
    sql: percentileSql("tool_metrics", `service || ' ' || ${bucket("hour")}`),
  },
  {
    name: "by server, 24 hours by hour",
    days: 1,
    method: "QuerySeries",
    request: { ...tools, ...seconds(3600), group_by: ["server"], statistics: ["count", "p95"] },
    sql: percentileSql("tool_metrics", `server_name || ' ' || ${bucket("hour")}`),
  },
];

/**
 * The predecessor's schema as the specification has it: a main row and a row of the type's own table for
 * each metric, one prepared statement a row, all indexes, 1 000 metrics a transaction.
 */
import type Database from "libsql";
import type { SubmittedMetric } from "./workload.ts";

type Parameter = string | number | null;
/** A metric as parameters of its main row, and of the row in its type's own table. */
export interface Row {
  readonly main: Parameter[];
  readonly special: { readonly table: SpecialTable; readonly values: Parameter[] } | undefined;
}

const TRANSACTION_METRICS = 1_000;

const COMMON = "request_id TEXT NOT NULL, timestamp TEXT NOT NULL, service TEXT NOT NULL, duration_ms REAL";
const CREATED = "created_at TEXT DEFAULT (datetime('now'))";
const KEY = "id INTEGER PRIMARY KEY AUTOINCREMENT";
const SCHEMA = `
  CREATE TABLE metrics (${KEY}, request_id TEXT NOT NULL, service TEXT NOT NULL, service_version TEXT,
    instance_id TEXT, metric_type TEXT NOT NULL, timestamp TEXT NOT NULL, value REAL NOT NULL,
    duration_ms REAL, dimensions TEXT, metadata TEXT, ${CREATED});
  CREATE TABLE auth_metrics (${KEY}, ${COMMON}, success BOOLEAN, method TEXT, server TEXT, user_hash TEXT,
    error_code TEXT, ${CREATED});
  CREATE TABLE discovery_metrics (${KEY}, ${COMMON}, query TEXT, results_count INTEGER,
    top_k_services INTEGER, top_n_tools INTEGER, embedding_time_ms REAL, faiss_search_time_ms REAL, ${CREATED});
  CREATE TABLE tool_metrics (${KEY}, ${COMMON}, tool_name TEXT, server_path TEXT, server_name TEXT,
    success BOOLEAN, error_code TEXT, input_size_bytes INTEGER, output_size_bytes INTEGER, ${CREATED});
  CREATE INDEX idx_metrics_timestamp ON metrics(timestamp);
  CREATE INDEX idx_metrics_service_type ON metrics(service, metric_type);
  CREATE INDEX idx_metrics_type_timestamp ON metrics(metric_type, timestamp);
  CREATE INDEX idx_auth_timestamp ON auth_metrics(timestamp);
  CREATE INDEX idx_auth_success ON auth_metrics(success, timestamp);
  CREATE INDEX idx_auth_user ON auth_metrics(user_hash, timestamp);
  CREATE INDEX idx_discovery_timestamp ON discovery_metrics(timestamp);
  CREATE INDEX idx_discovery_results ON discovery_metrics(results_count, timestamp);
  CREATE INDEX idx_tool_timestamp ON tool_metrics(timestamp);
  CREATE INDEX idx_tool_name ON tool_metrics(tool_name, timestamp);
  CREATE INDEX idx_tool_success ON tool_metrics(success, timestamp);`;

const SPECIAL_TABLES = {
  auth_request: { name: "auth_metrics", columns: ["success", "method", "server", "user_hash", "error_code"] },
  tool_discovery: {
    name: "discovery_metrics",
    columns: [
      "query",
      "results_count",
      "top_k_services",
      "top_n_tools",
      "embedding_time_ms",
      "faiss_search_time_ms",
    ],
  },
  tool_execution: {
    name: "tool_metrics",
    columns: [
      "tool_name",
      "server_path",
      "server_name",
      "success",
      "error_code",
      "input_size_bytes",
      "output_size_bytes",
    ],
  },
} as const;
type SpecialTable = keyof typeof SPECIAL_TABLES;

/** The specification's schema in a new database, in full durability; returns how to fill it. */
export function createFill(database: Database.Database): (rows: readonly Row[]) => void {
  database.exec("PRAGMA journal_mode=WAL");
  database.exec("PRAGMA synchronous=FULL");
  database.exec(SCHEMA);
  const insert = (table: string, columns: readonly string[]) =>
    database.prepare(
      `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
    );
  const common = ["request_id", "timestamp", "service", "duration_ms"];
  const special = (table: SpecialTable) =>
    insert(SPECIAL_TABLES[table].name, [...common, ...SPECIAL_TABLES[table].columns]);
  const insertMain = insert("metrics", [
    "request_id",
    "service",
    "service_version",
    "instance_id",
    "metric_type",
    "timestamp",
    "value",
    "duration_ms",
    "dimensions",
    "metadata",
  ]);
  const insertSpecial = {
    auth_request: special("auth_request"),
    tool_discovery: special("tool_discovery"),
    tool_execution: special("tool_execution"),
  };
  return (rows) => {
    for (let start = 0; start < rows.length; start += TRANSACTION_METRICS) {
      database.exec("BEGIN");
      for (const row of rows.slice(start, start + TRANSACTION_METRICS)) {
        insertMain.run(row.main);
        if (row.special !== undefined) insertSpecial[row.special.table].run(row.special.values);
      }
      database.exec("COMMIT");
    }
  };
}

export function makeRow(metric: SubmittedMetric, service: string, requestId: string, timestamp: string): Row {
  const { type, value, duration_ms: durationMs = null, dimensions, metadata } = metric;
  const texts = [JSON.stringify(dimensions), JSON.stringify(metadata)];
  const main = [requestId, service, "1.4.0", "bench-01", type, timestamp, value, durationMs, ...texts];
  if (!isSpecial(type)) return { main, special: undefined };
  const fields = { ...metadata, ...dimensions };
  const own = SPECIAL_TABLES[type].columns.map((column) => bindable(fields[column] ?? null));
  return { main, special: { table: type, values: [requestId, timestamp, service, durationMs, ...own] } };
}

function isSpecial(type: string): type is SpecialTable {
  return type in SPECIAL_TABLES;
}

/** libsql 0.5.29 aborts the process when a parameter is a boolean. */
function bindable(value: string | number | boolean | null): Parameter {
  return typeof value === "boolean" ? Number(value) : value;
}

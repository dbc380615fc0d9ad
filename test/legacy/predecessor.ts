/** Databases as the predecessor made them. */
import Libsql from "libsql";

/** Word for word what its service creates at start. */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS api_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key_hash TEXT UNIQUE NOT NULL,
    service_name TEXT NOT NULL,
    created_at TEXT NOT NULL,
    last_used_at TEXT,
    is_active BOOLEAN DEFAULT 1,
    rate_limit INTEGER DEFAULT 1000
);
CREATE TABLE IF NOT EXISTS metrics (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    request_id TEXT NOT NULL,
    service TEXT NOT NULL,
    service_version TEXT,
    instance_id TEXT,
    metric_type TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    value REAL NOT NULL,
    duration_ms REAL,
    dimensions TEXT,  -- JSON
    metadata TEXT,    -- JSON
    created_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS auth_metrics (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    request_id TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    service TEXT NOT NULL,
    duration_ms REAL,
    success BOOLEAN,
    method TEXT,
    server TEXT,
    user_hash TEXT,
    error_code TEXT,
    created_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS discovery_metrics (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    request_id TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    service TEXT NOT NULL,
    duration_ms REAL,
    query TEXT,
    results_count INTEGER,
    top_k_services INTEGER,
    top_n_tools INTEGER,
    embedding_time_ms REAL,
    faiss_search_time_ms REAL,
    created_at TEXT DEFAULT (datetime('now'))
);
CREATE TABLE IF NOT EXISTS tool_metrics (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    request_id TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    service TEXT NOT NULL,
    duration_ms REAL,
    tool_name TEXT,
    server_path TEXT,
    server_name TEXT,
    success BOOLEAN,
    input_size_bytes INTEGER,
    output_size_bytes INTEGER,
    created_at TEXT DEFAULT (datetime('now'))
);
CREATE INDEX IF NOT EXISTS idx_metrics_timestamp ON metrics(timestamp);
CREATE INDEX IF NOT EXISTS idx_metrics_service_type ON metrics(service, metric_type);
CREATE INDEX IF NOT EXISTS idx_metrics_type_timestamp ON metrics(metric_type, timestamp);
CREATE INDEX IF NOT EXISTS idx_auth_timestamp ON auth_metrics(timestamp);
CREATE INDEX IF NOT EXISTS idx_discovery_timestamp ON discovery_metrics(timestamp);
CREATE INDEX IF NOT EXISTS idx_tool_timestamp ON tool_metrics(timestamp);
CREATE INDEX IF NOT EXISTS idx_api_keys_hash ON api_keys(key_hash);
`;

/** What its later migrations add. */
export const LATER_RELEASE = `
ALTER TABLE api_keys ADD COLUMN usage_count INTEGER DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN daily_usage_limit INTEGER;
ALTER TABLE api_keys ADD COLUMN monthly_usage_limit INTEGER;
ALTER TABLE api_keys ADD COLUMN description TEXT;
CREATE TABLE retention_policies (
  table_name TEXT PRIMARY KEY, retention_days INTEGER, is_active BOOLEAN, timestamp_column TEXT);
CREATE TABLE metrics_hourly (hour_timestamp TEXT, service TEXT, metric_type TEXT, count INTEGER);
CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT, applied_at TEXT);
`;

/** Its database, in WAL mode as it sets it, and left open: what is written stays in the log. */
export function createPredecessor(path: string): Libsql.Database {
  const database = new Libsql(path);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; ${SCHEMA}`);
  return database;
}

/**
 * `count` metrics over 40 days of 2024, in every way to write a time that SQLite reads as well: naive, with a
 * zone, with an offset, with a blank. Three of them make a request.
 */
export function addMetrics(database: Libsql.Database, count: number): void {
  database.exec(`
    INSERT INTO metrics (request_id, service, service_version, instance_id, metric_type, timestamp, value,
      duration_ms, dimensions, metadata, created_at)
    WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count} - 1)
    SELECT
      printf('req_%08x', n / 3),
      CASE n % 2 WHEN 0 THEN 'auth-server' ELSE 'registry' END,
      CASE n % 5 WHEN 0 THEN NULL ELSE '1.0.0' END,
      CASE n % 7 WHEN 0 THEN 'node-1' END,
      CASE n % 3 WHEN 0 THEN 'auth_request' WHEN 1 THEN 'tool_execution' ELSE 'custom' END,
      strftime(
        CASE n % 4 WHEN 2 THEN '%Y-%m-%d %H:%M:%S' ELSE '%Y-%m-%dT%H:%M:%f' END,
        '2024-01-31T22:00:00', ((n * 613) % 3456000) || ' seconds'
      ) || CASE n % 4 WHEN 0 THEN '123' WHEN 1 THEN 'Z' WHEN 3 THEN '+05:30' ELSE '' END,
      n % 11 + 0.5,
      CASE n % 6 WHEN 0 THEN NULL ELSE n % 900 END,
      CASE n % 3
        WHEN 0 THEN '{"success": "' || CASE n % 9 WHEN 0 THEN 'False' ELSE 'True' END || '", "method": "jwt"}'
        WHEN 1 THEN json_object('success', json(CASE n % 4 WHEN 1 THEN 'false' ELSE 'true' END),
          'tool_name', 'tool' || (n % 20), 'server_name', 's')
        ELSE json_object('metric_name', 'm' || (n % 5)) END,
      CASE n % 8 WHEN 0 THEN NULL ELSE '{"error_code": null}' END,
      strftime('%Y-%m-%d %H:%M:%S', '2024-03-20', (n / 30) || ' seconds')
    FROM numbers;
  `);
}

/** A key as it stores one: plainly, or as its later releases do, which `legacyHashKey` is tested against. */
export function addKey(database: Libsql.Database, keyHash: string, service: string, isActive = 1): void {
  database
    .prepare("INSERT INTO api_keys (key_hash, service_name, created_at, is_active) VALUES (?, ?, ?, ?)")
    .run([keyHash, service, "2026-04-02T10:00:00.000000", isActive]);
}

-- How long each table keeps its rows, in days.

CREATE TABLE retention_policies (
  table_name TEXT PRIMARY KEY,
  retention_days INTEGER NOT NULL CHECK (retention_days BETWEEN 1 AND 36500),
  is_active INTEGER NOT NULL DEFAULT 1,
  timestamp_column TEXT NOT NULL,
  is_default INTEGER NOT NULL DEFAULT 1,    -- until somebody sets the policy; METRICS_RETENTION_DAYS changes defaults only
  deleted_before_ms INTEGER,                -- older rows have been deleted, ms since 1970 UTC; NULL: none have
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) WITHOUT ROWID;

INSERT INTO retention_policies (table_name, retention_days, timestamp_column) VALUES
  ('metrics', 90, 'timestamp'),
  ('auth_metrics', 90, 'timestamp'),
  ('discovery_metrics', 90, 'timestamp'),
  ('tool_metrics', 90, 'timestamp'),
  ('metrics_hourly', 365, 'hour_timestamp'),
  ('metrics_daily', 1095, 'date'),
  ('api_key_usage_log', 90, 'timestamp');

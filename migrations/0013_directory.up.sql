-- The servers of a directory: who they are, what they measure, what happens to them and how they are used.

-- Set: the key is that server's own, and good for nothing else, whatever its role.
ALTER TABLE api_keys ADD COLUMN server_id TEXT;

CREATE TABLE directory_servers (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  metrics_enabled INTEGER NOT NULL,
  is_public INTEGER NOT NULL,        -- its figures may be fetched without a key
  tools TEXT NOT NULL,               -- JSON array of tool ids; empty: not known
  webhook_url TEXT,
  sealed_secret BLOB,                -- the webhook secret, encrypted with a key that is in no database
  last_received_ms INTEGER,          -- ms since 1970 UTC, as every _ms here
  created_ms INTEGER NOT NULL,
  health TEXT,                       -- up or down: what its newest health_check said
  health_ms INTEGER                  -- and when
);

CREATE VIEW servers AS
SELECT
  id,
  name,
  metrics_enabled,
  is_public,
  tools,
  webhook_url,
  sealed_secret IS NOT NULL AS has_webhook_secret,
  strftime('%Y-%m-%dT%H:%M:%fZ', last_received_ms / 1000.0, 'unixepoch') AS metrics_last_received,
  strftime('%Y-%m-%dT%H:%M:%fZ', created_ms / 1000.0, 'unixepoch') AS created_at
FROM directory_servers;

-- One thing that a server measures.
CREATE TABLE server_series (
  id INTEGER PRIMARY KEY,
  server_number INTEGER NOT NULL,
  metric_name TEXT NOT NULL,
  metric_type TEXT NOT NULL,
  UNIQUE (server_number, metric_name, metric_type)
);

CREATE TABLE server_points (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  series_id INTEGER NOT NULL,
  ts INTEGER NOT NULL,               -- event time
  received_ms INTEGER NOT NULL,
  value REAL NOT NULL,
  tags TEXT                          -- JSON object; NULL: none
);

-- With the value, so that a chart is read from the index alone.
CREATE INDEX server_points_series ON server_points (series_id, ts, value);
CREATE INDEX server_points_ts ON server_points (ts);

CREATE VIEW server_metrics AS
SELECT
  p.id,
  d.id AS server_id,
  s.metric_name,
  p.value AS metric_value,
  s.metric_type,
  coalesce(p.tags, '{}') AS metric_tags,
  strftime('%Y-%m-%dT%H:%M:%fZ', p.ts / 1000.0, 'unixepoch') AS recorded_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', p.received_ms / 1000.0, 'unixepoch') AS created_at
FROM server_points AS p
JOIN server_series AS s ON s.id = p.series_id
JOIN directory_servers AS d ON d.number = s.server_number;

-- What the points of a day (UTC) add up to, written in the transaction that stores them.
CREATE TABLE server_days (
  series_id INTEGER NOT NULL,
  day INTEGER NOT NULL,              -- days since 1970 UTC
  count INTEGER NOT NULL,
  sum REAL NOT NULL,
  min REAL NOT NULL,
  max REAL NOT NULL,
  sketch BLOB NOT NULL,              -- of the values
  p50 REAL NOT NULL,                 -- what the sketch says
  p95 REAL NOT NULL,
  p99 REAL NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  PRIMARY KEY (series_id, day)
) WITHOUT ROWID;

CREATE INDEX server_days_day ON server_days (day);

CREATE VIEW server_metrics_daily AS
SELECT
  d.id AS server_id,
  s.metric_name,
  s.metric_type,
  date(r.day * 86400, 'unixepoch') AS metric_date,
  r.min AS min_value,
  r.max AS max_value,
  r.sum / r.count AS avg_value,
  r.sum AS sum_value,
  r.count AS count_value,
  r.p50 AS p50_value,
  r.p95 AS p95_value,
  r.p99 AS p99_value,
  strftime('%Y-%m-%dT%H:%M:%fZ', r.created_ms / 1000.0, 'unixepoch') AS created_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', r.updated_ms / 1000.0, 'unixepoch') AS updated_at
FROM server_days AS r
JOIN server_series AS s ON s.id = r.series_id
JOIN directory_servers AS d ON d.number = s.server_number;

CREATE TABLE server_events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  server_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  previous_value TEXT,
  new_value TEXT,
  details TEXT NOT NULL,             -- JSON object
  recorded_by TEXT NOT NULL,         -- service (from health checks), server (with its own key) or admin
  created_at TEXT NOT NULL           -- when it happened
);

CREATE INDEX server_events_created_at ON server_events (created_at);
CREATE INDEX server_events_server ON server_events (server_id, created_at);

-- Servers by their ids, registered or not: whoever tracks without a key never learns which is which.
CREATE TABLE server_usage (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  server_id TEXT NOT NULL,
  user_id TEXT,                      -- HMAC with a key that is in no database
  action TEXT NOT NULL,
  tool_id TEXT,
  details TEXT NOT NULL,             -- JSON object
  client_info TEXT NOT NULL,         -- JSON object; of an address its network only
  created_at TEXT NOT NULL
);

CREATE INDEX server_usage_created_at ON server_usage (created_at);
CREATE INDEX server_usage_server ON server_usage (server_id, id);

INSERT INTO retention_policies (table_name, retention_days, timestamp_column) VALUES
  ('server_metrics', 30, 'recorded_at'),
  ('server_metrics_daily', 1095, 'metric_date'),
  ('server_events', 365, 'created_at'),
  ('server_usage', 90, 'created_at');

-- Rollups: what the measurements of an hour, or of a day, add up to, kept when they are long gone.
-- The hourly and daily tables of the original schema are views over them.

-- One way to break a metric type down: by service and some of its dimensions.
CREATE TABLE rollup_families (
  id INTEGER PRIMARY KEY,
  metric_type TEXT NOT NULL,
  dimensions TEXT NOT NULL,                 -- JSON array of names; '[]' for the totals
  last_measurement_id INTEGER NOT NULL,     -- the rows below hold every measurement up to this one
  UNIQUE (metric_type, dimensions)
);

-- One combination of a family's values.
CREATE TABLE rollup_keys (
  id INTEGER PRIMARY KEY,
  family_id INTEGER NOT NULL,
  service TEXT NOT NULL,
  dimension_values TEXT NOT NULL,           -- JSON array, in the order of the family's names; null for absent
  last_day INTEGER NOT NULL,                -- of its newest row, days since 1970 UTC
  UNIQUE (family_id, service, dimension_values)
);

CREATE TABLE rollups_hourly (
  family_id INTEGER NOT NULL,
  bucket INTEGER NOT NULL,                  -- hours since 1970 UTC
  key_id INTEGER NOT NULL,
  count INTEGER NOT NULL,
  success_count INTEGER NOT NULL,
  failure_count INTEGER NOT NULL,
  sum_value REAL NOT NULL,
  min_value REAL NOT NULL,
  max_value REAL NOT NULL,
  duration_count INTEGER NOT NULL,
  sum_duration_ms REAL NOT NULL,
  sketch BLOB,                              -- of the durations; NULL without any
  -- Of totals only: what the sketch says, and when the row was made and changed (ms since 1970 UTC).
  p50_duration_ms REAL,
  p95_duration_ms REAL,
  p99_duration_ms REAL,
  created_ms INTEGER,
  updated_ms INTEGER,
  PRIMARY KEY (family_id, bucket, key_id)
) WITHOUT ROWID;

CREATE TABLE rollups_daily (
  family_id INTEGER NOT NULL,
  bucket INTEGER NOT NULL,                  -- days since 1970 UTC
  key_id INTEGER NOT NULL,
  count INTEGER NOT NULL,
  success_count INTEGER NOT NULL,
  failure_count INTEGER NOT NULL,
  sum_value REAL NOT NULL,
  min_value REAL NOT NULL,
  max_value REAL NOT NULL,
  duration_count INTEGER NOT NULL,
  sum_duration_ms REAL NOT NULL,
  sketch BLOB,
  p50_duration_ms REAL,
  p95_duration_ms REAL,
  p99_duration_ms REAL,
  created_ms INTEGER,
  updated_ms INTEGER,
  PRIMARY KEY (family_id, bucket, key_id)
) WITHOUT ROWID;

CREATE VIEW metrics_hourly AS
SELECT
  strftime('%Y-%m-%dT%H:%M:%fZ', r.bucket * 3600, 'unixepoch') AS hour_timestamp,
  k.service,
  f.metric_type,
  r.count,
  r.count AS total_count,
  r.sum_value,
  r.sum_value / r.count AS avg_value,
  r.min_value,
  r.max_value,
  CASE r.duration_count WHEN 0 THEN NULL ELSE r.sum_duration_ms END AS sum_duration_ms,
  CASE r.duration_count WHEN 0 THEN NULL ELSE r.sum_duration_ms / r.duration_count END AS avg_duration_ms,
  r.success_count,
  r.failure_count,
  r.p50_duration_ms,
  r.p95_duration_ms,
  r.p99_duration_ms,
  strftime('%Y-%m-%dT%H:%M:%fZ', r.created_ms / 1000.0, 'unixepoch') AS created_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', r.updated_ms / 1000.0, 'unixepoch') AS updated_at
FROM rollup_families AS f
JOIN rollups_hourly AS r ON r.family_id = f.id
JOIN rollup_keys AS k ON k.id = r.key_id
WHERE f.dimensions = '[]';

CREATE VIEW metrics_daily AS
SELECT
  date(r.bucket * 86400, 'unixepoch') AS date,
  k.service,
  f.metric_type,
  r.count,
  r.count AS total_count,
  r.sum_value,
  r.sum_value / r.count AS avg_value,
  r.min_value,
  r.max_value,
  CASE r.duration_count WHEN 0 THEN NULL ELSE r.sum_duration_ms END AS sum_duration_ms,
  CASE r.duration_count WHEN 0 THEN NULL ELSE r.sum_duration_ms / r.duration_count END AS avg_duration_ms,
  r.success_count,
  r.failure_count,
  r.p50_duration_ms,
  r.p95_duration_ms,
  r.p99_duration_ms,
  strftime('%Y-%m-%dT%H:%M:%fZ', r.created_ms / 1000.0, 'unixepoch') AS created_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', r.updated_ms / 1000.0, 'unixepoch') AS updated_at
FROM rollup_families AS f
JOIN rollups_daily AS r ON r.family_id = f.id
JOIN rollup_keys AS k ON k.id = r.key_id
WHERE f.dimensions = '[]';

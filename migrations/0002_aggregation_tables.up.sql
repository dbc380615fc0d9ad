-- Hourly and daily rollups, kept when the raw rows are long gone. Times are the start of the bucket, UTC.

CREATE TABLE metrics_hourly (
  hour_timestamp TEXT NOT NULL,
  service TEXT NOT NULL,
  metric_type TEXT NOT NULL,
  count INTEGER NOT NULL,
  total_count INTEGER GENERATED ALWAYS AS (count) VIRTUAL,
  sum_value REAL NOT NULL,
  avg_value REAL GENERATED ALWAYS AS (sum_value / count) VIRTUAL,
  min_value REAL NOT NULL,
  max_value REAL NOT NULL,
  sum_duration_ms REAL,
  avg_duration_ms REAL,
  success_count INTEGER NOT NULL,
  failure_count INTEGER NOT NULL,
  p50_duration_ms REAL,
  p95_duration_ms REAL,
  p99_duration_ms REAL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  PRIMARY KEY (hour_timestamp, service, metric_type)
) WITHOUT ROWID;

CREATE TABLE metrics_daily (
  date TEXT NOT NULL,
  service TEXT NOT NULL,
  metric_type TEXT NOT NULL,
  count INTEGER NOT NULL,
  total_count INTEGER GENERATED ALWAYS AS (count) VIRTUAL,
  sum_value REAL NOT NULL,
  avg_value REAL GENERATED ALWAYS AS (sum_value / count) VIRTUAL,
  min_value REAL NOT NULL,
  max_value REAL NOT NULL,
  sum_duration_ms REAL,
  avg_duration_ms REAL,
  success_count INTEGER NOT NULL,
  failure_count INTEGER NOT NULL,
  p50_duration_ms REAL,
  p95_duration_ms REAL,
  p99_duration_ms REAL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  PRIMARY KEY (date, service, metric_type)
) WITHOUT ROWID;

-- Which rows came from exports is forgotten: one that is imported again after this is stored twice.
DROP TABLE legacy_rows;
DROP TABLE legacy_days;

-- The older schema has no place for an unknown percentile: the average stands for it.
DROP VIEW server_metrics_daily;
DROP INDEX server_days_metric_date;
DROP INDEX server_days_day;
ALTER TABLE server_days RENAME TO server_days_before;

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

INSERT INTO server_days
SELECT
  series_id, day, count, sum, min, max, sketch,
  coalesce(p50, sum / count), coalesce(p95, sum / count), coalesce(p99, sum / count),
  created_ms, updated_ms
FROM server_days_before;

DROP TABLE server_days_before;

CREATE INDEX server_days_day ON server_days (day);
CREATE INDEX server_days_metric_date ON server_days (date(day * 86400, 'unixepoch'));

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

-- What is taken over from a directory's export: each row once, and days of which only the sums are known.

-- Digests of the rows of exports that are stored here: an export that is read again adds what is new in it.
CREATE TABLE legacy_rows (
  digest BLOB PRIMARY KEY,
  times INTEGER NOT NULL,            -- rows that are equal: one, or of rows without an id any number
  run TEXT,                          -- the import that counted rows without an id last, and how many
  run_times INTEGER NOT NULL
) WITHOUT ROWID;

-- What exports have added to a day of `server_days`: the points of it that were in them, or the daily row, where
-- that stands for more points.
CREATE TABLE legacy_days (
  series_id INTEGER NOT NULL,
  day INTEGER NOT NULL,
  points_count INTEGER NOT NULL,
  points_sum REAL NOT NULL,
  daily_count INTEGER NOT NULL,
  daily_sum REAL NOT NULL,
  PRIMARY KEY (series_id, day)
) WITHOUT ROWID;

-- The same table, but for percentiles that may be unknown: of a daily row, nobody has the values.
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
  sketch BLOB NOT NULL,              -- of the values that are known
  p50 REAL,                          -- what the sketch says; NULL: it is empty
  p95 REAL,
  p99 REAL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  PRIMARY KEY (series_id, day)
) WITHOUT ROWID;

INSERT INTO server_days SELECT * FROM server_days_before;

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

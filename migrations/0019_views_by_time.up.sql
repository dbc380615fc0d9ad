-- SQL over the views: a range of time uses an index, columns of numbers hold numbers alone, columns of text text
-- alone, spelt as queries spell it.

-- The expressions are those of the views' columns, to the letter: by that SQLite finds the index.
CREATE INDEX measurements_timestamp ON measurements (strftime('%Y-%m-%dT%H:%M:%fZ', ts / 1000.0, 'unixepoch'));
CREATE INDEX server_points_recorded_at ON server_points (strftime('%Y-%m-%dT%H:%M:%fZ', ts / 1000.0, 'unixepoch'));
CREATE INDEX server_days_metric_date ON server_days (date(day * 86400, 'unixepoch'));

-- Of the rows that are shown, the totals: they alone say when they were made.
CREATE INDEX rollups_hourly_hour_timestamp
ON rollups_hourly (strftime('%Y-%m-%dT%H:%M:%fZ', bucket * 3600, 'unixepoch')) WHERE created_ms IS NOT NULL;
CREATE INDEX rollups_daily_date ON rollups_daily (date(bucket * 86400, 'unixepoch')) WHERE created_ms IS NOT NULL;

DROP VIEW metrics_hourly;
DROP VIEW metrics_daily;

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
WHERE f.dimensions = '[]' AND r.created_ms IS NOT NULL;

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
WHERE f.dimensions = '[]' AND r.created_ms IS NOT NULL;

DROP VIEW tool_metrics;
DROP VIEW discovery_metrics;
DROP VIEW auth_metrics;

-- The first row of json_tree is the value itself, also where that is a list. `->` keeps the digits of a number that
-- was sent for a text. A text that was sent for a number is one where JSON would write that so, else NULL.
CREATE VIEW auth_metrics AS
SELECT
  id, request_id, timestamp, service, duration_ms,
  CASE lower(dimensions ->> '$.success') WHEN '1' THEN 1 WHEN 'true' THEN 1 WHEN '0' THEN 0 WHEN 'false' THEN 0 END
    AS success,
  (
    SELECT nullif(CASE type WHEN 'text' THEN value WHEN 'null' THEN NULL ELSE dimensions -> '$.method' END, '')
    FROM json_tree(dimensions, '$.method')
  ) AS method,
  (
    SELECT nullif(CASE type WHEN 'text' THEN value WHEN 'null' THEN NULL ELSE dimensions -> '$.server' END, '')
    FROM json_tree(dimensions, '$.server')
  ) AS server,
  (
    SELECT nullif(CASE type WHEN 'text' THEN value WHEN 'null' THEN NULL ELSE dimensions -> '$.user_hash' END, '')
    FROM json_tree(dimensions, '$.user_hash')
  ) AS user_hash,
  (
    SELECT nullif(CASE type WHEN 'text' THEN value WHEN 'null' THEN NULL ELSE metadata -> '$.error_code' END, '')
    FROM json_tree(metadata, '$.error_code')
  ) AS error_code,
  created_at,
  count
FROM metrics
WHERE metric_type = 'auth_request';

CREATE VIEW discovery_metrics AS
SELECT
  id, request_id, timestamp, service, duration_ms,
  (
    SELECT nullif(CASE type WHEN 'text' THEN value WHEN 'null' THEN NULL ELSE dimensions -> '$.query' END, '')
    FROM json_tree(dimensions, '$.query')
  ) AS query,
  (
    SELECT CASE type WHEN 'integer' THEN value WHEN 'real' THEN value
      WHEN 'text' THEN iif(json_type(iif(json_valid(value), value, NULL)) IN ('integer', 'real'), value + 0, NULL) END
    FROM json_tree(dimensions, '$.results_count')
  ) AS results_count,
  (
    SELECT CASE type WHEN 'integer' THEN value WHEN 'real' THEN value
      WHEN 'text' THEN iif(json_type(iif(json_valid(value), value, NULL)) IN ('integer', 'real'), value + 0, NULL) END
    FROM json_tree(dimensions, '$.top_k_services')
  ) AS top_k_services,
  (
    SELECT CASE type WHEN 'integer' THEN value WHEN 'real' THEN value
      WHEN 'text' THEN iif(json_type(iif(json_valid(value), value, NULL)) IN ('integer', 'real'), value + 0, NULL) END
    FROM json_tree(dimensions, '$.top_n_tools')
  ) AS top_n_tools,
  (
    SELECT CASE type WHEN 'integer' THEN value WHEN 'real' THEN value
      WHEN 'text' THEN iif(json_type(iif(json_valid(value), value, NULL)) IN ('integer', 'real'), value + 0, NULL) END
    FROM json_tree(metadata, '$.embedding_time_ms')
  ) AS embedding_time_ms,
  -- Two names of one value: the index behind the search has changed its kind.
  coalesce(
    (
      SELECT CASE type WHEN 'integer' THEN value WHEN 'real' THEN value
        WHEN 'text' THEN iif(json_type(iif(json_valid(value), value, NULL)) IN ('integer', 'real'), value + 0, NULL) END
      FROM json_tree(metadata, '$.faiss_search_time_ms')
    ),
    (
      SELECT CASE type WHEN 'integer' THEN value WHEN 'real' THEN value
        WHEN 'text' THEN iif(json_type(iif(json_valid(value), value, NULL)) IN ('integer', 'real'), value + 0, NULL) END
      FROM json_tree(metadata, '$.vector_search_time_ms')
    )
  ) AS faiss_search_time_ms,
  coalesce(
    (
      SELECT CASE type WHEN 'integer' THEN value WHEN 'real' THEN value
        WHEN 'text' THEN iif(json_type(iif(json_valid(value), value, NULL)) IN ('integer', 'real'), value + 0, NULL) END
      FROM json_tree(metadata, '$.vector_search_time_ms')
    ),
    (
      SELECT CASE type WHEN 'integer' THEN value WHEN 'real' THEN value
        WHEN 'text' THEN iif(json_type(iif(json_valid(value), value, NULL)) IN ('integer', 'real'), value + 0, NULL) END
      FROM json_tree(metadata, '$.faiss_search_time_ms')
    )
  ) AS vector_search_time_ms,
  created_at,
  count
FROM metrics
WHERE metric_type = 'tool_discovery';

CREATE VIEW tool_metrics AS
SELECT
  id, request_id, timestamp, service, duration_ms,
  (
    SELECT nullif(CASE type WHEN 'text' THEN value WHEN 'null' THEN NULL ELSE dimensions -> '$.tool_name' END, '')
    FROM json_tree(dimensions, '$.tool_name')
  ) AS tool_name,
  (
    SELECT nullif(CASE type WHEN 'text' THEN value WHEN 'null' THEN NULL ELSE dimensions -> '$.server_path' END, '')
    FROM json_tree(dimensions, '$.server_path')
  ) AS server_path,
  (
    SELECT nullif(CASE type WHEN 'text' THEN value WHEN 'null' THEN NULL ELSE dimensions -> '$.server_name' END, '')
    FROM json_tree(dimensions, '$.server_name')
  ) AS server_name,
  CASE lower(dimensions ->> '$.success') WHEN '1' THEN 1 WHEN 'true' THEN 1 WHEN '0' THEN 0 WHEN 'false' THEN 0 END
    AS success,
  (
    SELECT nullif(CASE type WHEN 'text' THEN value WHEN 'null' THEN NULL ELSE metadata -> '$.error_code' END, '')
    FROM json_tree(metadata, '$.error_code')
  ) AS error_code,
  (
    SELECT CASE type WHEN 'integer' THEN value WHEN 'real' THEN value
      WHEN 'text' THEN iif(json_type(iif(json_valid(value), value, NULL)) IN ('integer', 'real'), value + 0, NULL) END
    FROM json_tree(metadata, '$.input_size_bytes')
  ) AS input_size_bytes,
  (
    SELECT CASE type WHEN 'integer' THEN value WHEN 'real' THEN value
      WHEN 'text' THEN iif(json_type(iif(json_valid(value), value, NULL)) IN ('integer', 'real'), value + 0, NULL) END
    FROM json_tree(metadata, '$.output_size_bytes')
  ) AS output_size_bytes,
  (
    SELECT nullif(CASE type WHEN 'text' THEN value WHEN 'null' THEN NULL ELSE dimensions -> '$.client_name' END, '')
    FROM json_tree(dimensions, '$.client_name')
  ) AS client_name,
  (
    SELECT nullif(CASE type WHEN 'text' THEN value WHEN 'null' THEN NULL ELSE dimensions -> '$.client_version' END, '')
    FROM json_tree(dimensions, '$.client_version')
  ) AS client_version,
  (
    SELECT nullif(CASE type WHEN 'text' THEN value WHEN 'null' THEN NULL ELSE dimensions -> '$.method' END, '')
    FROM json_tree(dimensions, '$.method')
  ) AS method,
  (
    SELECT nullif(CASE type WHEN 'text' THEN value WHEN 'null' THEN NULL ELSE dimensions -> '$.user_hash' END, '')
    FROM json_tree(dimensions, '$.user_hash')
  ) AS user_hash,
  created_at,
  count
FROM metrics
WHERE metric_type = 'tool_execution';

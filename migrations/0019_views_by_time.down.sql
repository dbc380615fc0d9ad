DROP VIEW tool_metrics;
DROP VIEW discovery_metrics;
DROP VIEW auth_metrics;
DROP VIEW metrics_hourly;
DROP VIEW metrics_daily;
DROP INDEX measurements_timestamp;
DROP INDEX server_points_recorded_at;
DROP INDEX server_days_metric_date;
DROP INDEX rollups_hourly_hour_timestamp;
DROP INDEX rollups_daily_date;

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

CREATE VIEW auth_metrics AS
SELECT
  id, request_id, timestamp, service, duration_ms,
  CASE lower(dimensions ->> '$.success') WHEN '1' THEN 1 WHEN 'true' THEN 1 WHEN '0' THEN 0 WHEN 'false' THEN 0 END
    AS success,
  nullif(dimensions ->> '$.method', '') AS method,
  nullif(dimensions ->> '$.server', '') AS server,
  nullif(dimensions ->> '$.user_hash', '') AS user_hash,
  nullif(metadata ->> '$.error_code', '') AS error_code,
  created_at,
  count
FROM metrics
WHERE metric_type = 'auth_request';

CREATE VIEW discovery_metrics AS
SELECT
  id, request_id, timestamp, service, duration_ms,
  nullif(dimensions ->> '$.query', '') AS query,
  nullif(dimensions ->> '$.results_count', '') AS results_count,
  nullif(dimensions ->> '$.top_k_services', '') AS top_k_services,
  nullif(dimensions ->> '$.top_n_tools', '') AS top_n_tools,
  nullif(metadata ->> '$.embedding_time_ms', '') AS embedding_time_ms,
  -- Two names of one value: the index behind the search has changed its kind.
  nullif(coalesce(metadata ->> '$.faiss_search_time_ms', metadata ->> '$.vector_search_time_ms'), '')
    AS faiss_search_time_ms,
  nullif(coalesce(metadata ->> '$.vector_search_time_ms', metadata ->> '$.faiss_search_time_ms'), '')
    AS vector_search_time_ms,
  created_at,
  count
FROM metrics
WHERE metric_type = 'tool_discovery';

CREATE VIEW tool_metrics AS
SELECT
  id, request_id, timestamp, service, duration_ms,
  nullif(dimensions ->> '$.tool_name', '') AS tool_name,
  nullif(dimensions ->> '$.server_path', '') AS server_path,
  nullif(dimensions ->> '$.server_name', '') AS server_name,
  CASE lower(dimensions ->> '$.success') WHEN '1' THEN 1 WHEN 'true' THEN 1 WHEN '0' THEN 0 WHEN 'false' THEN 0 END
    AS success,
  nullif(metadata ->> '$.error_code', '') AS error_code,
  nullif(metadata ->> '$.input_size_bytes', '') AS input_size_bytes,
  nullif(metadata ->> '$.output_size_bytes', '') AS output_size_bytes,
  nullif(dimensions ->> '$.client_name', '') AS client_name,
  nullif(dimensions ->> '$.client_version', '') AS client_version,
  nullif(dimensions ->> '$.method', '') AS method,
  nullif(dimensions ->> '$.user_hash', '') AS user_hash,
  created_at,
  count
FROM metrics
WHERE metric_type = 'tool_execution';

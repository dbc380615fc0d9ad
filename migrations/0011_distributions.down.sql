-- What stands for several becomes one, with their mean duration: no column is left to say more.

UPDATE measurements SET duration_ms = duration_ms / (distribution ->> '$.count') WHERE distribution IS NOT NULL;

DROP VIEW tool_metrics;
DROP VIEW discovery_metrics;
DROP VIEW auth_metrics;
DROP VIEW metrics;

ALTER TABLE measurements DROP COLUMN distribution;

-- One row a measurement, with every spelling resolved; the views below choose from it.
CREATE VIEW metrics AS
SELECT
  m.id,
  printf('req_%016x', m.request) AS request_id,
  s.service,
  nullif(s.version, '') AS service_version,
  nullif(s.instance_id, '') AS instance_id,
  d.metric_type,
  strftime('%Y-%m-%dT%H:%M:%fZ', m.ts / 1000.0, 'unixepoch') AS timestamp,
  m.value,
  m.duration_ms,
  CASE
    WHEN m.shape_id IS NULL OR h.dimension_keys = '[]' THEN d.dimensions
    ELSE (
      SELECT
        CASE d.dimensions WHEN '{}' THEN '{' ELSE substr(d.dimensions, 1, length(d.dimensions) - 1) || ',' END
        || substr(json_group_object(k.value, m.payload -> k.key), 2)
      FROM json_each(h.dimension_keys) AS k
    )
  END AS dimensions,
  CASE
    WHEN m.shape_id IS NULL OR h.metadata_keys = '[]' THEN '{}'
    ELSE (
      SELECT json_group_object(k.value, m.payload -> (k.key + json_array_length(h.dimension_keys)))
      FROM json_each(h.metadata_keys) AS k
    )
  END AS metadata,
  strftime('%Y-%m-%dT%H:%M:%fZ', m.request >> 19, 'unixepoch') AS created_at,
  s.api_key_id
FROM measurements AS m
JOIN sources AS s ON s.id = m.source_id
JOIN dimension_sets AS d ON d.id = m.dimension_set_id
LEFT JOIN shapes AS h ON h.id = m.shape_id;

CREATE VIEW auth_metrics AS
SELECT
  id, request_id, timestamp, service, duration_ms,
  CASE lower(dimensions ->> '$.success') WHEN '1' THEN 1 WHEN 'true' THEN 1 WHEN '0' THEN 0 WHEN 'false' THEN 0 END
    AS success,
  nullif(dimensions ->> '$.method', '') AS method,
  nullif(dimensions ->> '$.server', '') AS server,
  nullif(dimensions ->> '$.user_hash', '') AS user_hash,
  nullif(metadata ->> '$.error_code', '') AS error_code,
  created_at
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
  created_at
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
  created_at
FROM metrics
WHERE metric_type = 'tool_execution';

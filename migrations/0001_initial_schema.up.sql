-- What clients submit, stored once per fact: who sent it, which combination of dimensions, which
-- fields. The tables of the original schema are views over it, at a sixth of its size.

CREATE TABLE api_keys (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key_hash TEXT NOT NULL UNIQUE,
  service_name TEXT NOT NULL,
  created_at TEXT NOT NULL,
  last_used_at TEXT,
  is_active INTEGER NOT NULL DEFAULT 1,
  rate_limit INTEGER NOT NULL DEFAULT 1000
);

-- Who sent a measurement. '' stands for absent, so that UNIQUE compares it.
CREATE TABLE sources (
  id INTEGER PRIMARY KEY,
  service TEXT NOT NULL,
  version TEXT NOT NULL,
  instance_id TEXT NOT NULL,
  api_key_id INTEGER NOT NULL,
  UNIQUE (service, version, instance_id, api_key_id)
);

-- A metric type with one combination of its catalogued dimensions, a JSON object.
CREATE TABLE dimension_sets (
  id INTEGER PRIMARY KEY,
  metric_type TEXT NOT NULL,
  dimensions TEXT NOT NULL,
  UNIQUE (metric_type, dimensions)
);

-- The keys of what is stored with each measurement, two JSON arrays: other dimensions, metadata.
CREATE TABLE shapes (
  id INTEGER PRIMARY KEY,
  dimension_keys TEXT NOT NULL,
  metadata_keys TEXT NOT NULL,
  UNIQUE (dimension_keys, metadata_keys)
);

-- One accepted metric. Ids are the order of arrival and never used again: what has been rolled up is
-- everything up to an id.
CREATE TABLE measurements (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  ts INTEGER NOT NULL,                -- event time, ms since 1970 UTC
  source_id INTEGER NOT NULL,
  dimension_set_id INTEGER NOT NULL,
  request INTEGER NOT NULL,           -- arrival in s since 1970 UTC << 19 | sequence number
  value REAL NOT NULL,
  duration_ms REAL,
  shape_id INTEGER,
  payload TEXT                        -- JSON array: values of the shape's keys, in order
);

CREATE INDEX measurements_ts ON measurements (ts);

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

-- What keys may do, and what they did.

ALTER TABLE api_keys ADD COLUMN usage_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN daily_usage_limit INTEGER;
ALTER TABLE api_keys ADD COLUMN monthly_usage_limit INTEGER;
ALTER TABLE api_keys ADD COLUMN description TEXT;
ALTER TABLE api_keys ADD COLUMN role TEXT NOT NULL DEFAULT 'writer' CHECK (role IN ('writer', 'reader', 'admin'));
ALTER TABLE api_keys ADD COLUMN allowed_services TEXT NOT NULL DEFAULT '[]';
ALTER TABLE api_keys ADD COLUMN expires_at TEXT;
-- Keys that follow the operator's environment are turned off when they leave it; others are not.
ALTER TABLE api_keys ADD COLUMN origin TEXT NOT NULL DEFAULT 'created' CHECK (origin IN ('created', 'environment'));

CREATE TABLE api_key_usage_log (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key_hash TEXT NOT NULL,
  service_name TEXT NOT NULL,
  timestamp TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  request_count INTEGER NOT NULL,
  bytes_processed INTEGER NOT NULL,
  duration_ms REAL NOT NULL,
  status_code INTEGER NOT NULL
);

CREATE INDEX api_key_usage_log_timestamp ON api_key_usage_log (timestamp);

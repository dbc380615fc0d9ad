-- Usage is added up: one row a key, endpoint, status and minute, and how much of its quotas a key has used.

-- Its columns begin with the time, so that it serves whoever looks for a time as well.
DROP INDEX api_key_usage_log_timestamp;
CREATE UNIQUE INDEX api_key_usage_log_minute
ON api_key_usage_log (timestamp, key_hash, endpoint, status_code);

-- Requests that count against daily_usage_limit and monthly_usage_limit.
CREATE TABLE api_key_daily_usage (
  date TEXT NOT NULL,                -- UTC, YYYY-MM-DD
  api_key_id INTEGER NOT NULL,
  request_count INTEGER NOT NULL,
  PRIMARY KEY (date, api_key_id)
) WITHOUT ROWID;

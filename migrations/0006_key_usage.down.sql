DROP TABLE api_key_daily_usage;
DROP INDEX api_key_usage_log_minute;
CREATE INDEX api_key_usage_log_timestamp ON api_key_usage_log (timestamp);

DELETE FROM retention_policies
WHERE table_name IN ('server_metrics', 'server_metrics_daily', 'server_events', 'server_usage');

DROP TABLE server_usage;
DROP TABLE server_events;
DROP VIEW server_metrics_daily;
DROP TABLE server_days;
DROP VIEW server_metrics;
DROP TABLE server_points;
DROP TABLE server_series;
DROP VIEW servers;
DROP TABLE directory_servers;

-- Before this migration a key without a role of its own may write anything: those of servers are turned off.
UPDATE api_keys SET is_active = 0 WHERE server_id IS NOT NULL;
ALTER TABLE api_keys DROP COLUMN server_id;

DROP VIEW metrics_daily;
DROP VIEW metrics_hourly;
DROP TABLE rollups_daily;
DROP TABLE rollups_hourly;
DROP TABLE rollup_keys;
DROP TABLE rollup_families;

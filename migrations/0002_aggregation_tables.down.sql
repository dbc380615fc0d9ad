DROP TABLE metrics_daily;
DROP TABLE metrics_hourly;

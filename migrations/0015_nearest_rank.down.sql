DROP TABLE percentile_rebuilds;

-- Percentiles that are stored beside their sketches were of another rule (of two values, P99 was the smaller).
-- The service computes them anew from the sketches, some rows at a time; here stands what is left to do.

CREATE TABLE percentile_rebuilds (
  table_name TEXT NOT NULL,
  family_id INTEGER NOT NULL,         -- 0 where the table has none
  bucket INTEGER NOT NULL DEFAULT -9007199254740991, -- of the last row that was done, as the key below
  key_id INTEGER NOT NULL DEFAULT -1,
  PRIMARY KEY (table_name, family_id)
) WITHOUT ROWID;

INSERT INTO percentile_rebuilds (table_name, family_id)
  SELECT 'rollups_hourly', id FROM rollup_families WHERE dimensions = '[]'
  UNION ALL
  SELECT 'rollups_daily', id FROM rollup_families WHERE dimensions = '[]'
  UNION ALL
  SELECT 'server_days', 0;

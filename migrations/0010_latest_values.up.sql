-- What is the case now: the newest measurement of every sender and combination of dimensions, for types
-- that say so in the catalogue. Found otherwise only by reading everything back to it.

CREATE TABLE latest_values (
  source_id INTEGER NOT NULL,
  dimension_set_id INTEGER NOT NULL,
  ts INTEGER NOT NULL,                -- event time, ms since 1970 UTC
  request INTEGER NOT NULL,           -- arrival in s since 1970 UTC << 19 | sequence number
  value REAL NOT NULL,
  PRIMARY KEY (source_id, dimension_set_id)
) WITHOUT ROWID;

CREATE INDEX latest_values_ts ON latest_values (ts);

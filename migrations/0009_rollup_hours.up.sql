-- Which hours of a family changed, so that a reader may keep the rows of one for as long as they stay.
CREATE TABLE rollup_hours (
  family_id INTEGER NOT NULL,
  bucket INTEGER NOT NULL,                  -- hours since 1970 UTC
  last_measurement_id INTEGER NOT NULL,     -- what the family held when a row of the hour was last written
  PRIMARY KEY (family_id, bucket)
) WITHOUT ROWID;

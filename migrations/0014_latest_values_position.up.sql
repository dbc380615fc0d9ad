-- What came last where two things happened in the same millisecond: a crash and the restart after it.

ALTER TABLE latest_values ADD COLUMN position INTEGER NOT NULL DEFAULT 0; -- among the metrics of a transaction

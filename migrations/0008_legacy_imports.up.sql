-- How far each predecessor's database has been taken over, so that an import goes on where it ended.

CREATE TABLE legacy_imports (
  fingerprint TEXT PRIMARY KEY,      -- SHA-256 that tells the predecessor's databases apart
  path TEXT NOT NULL,                -- where it was read last
  last_id INTEGER NOT NULL,          -- newest row of its metrics that has been looked at; 0: none
  last_row TEXT NOT NULL,            -- SHA-256 of that row, to recognise the database by
  rows_imported INTEGER NOT NULL,
  rows_skipped INTEGER NOT NULL,
  skipped TEXT NOT NULL,             -- JSON object: reason → rows
  left_out TEXT NOT NULL,            -- JSON object: parts of imported rows that were left out or changed → rows
  started_at TEXT NOT NULL,
  finished_at TEXT                   -- NULL while an import runs, or was interrupted
) WITHOUT ROWID;

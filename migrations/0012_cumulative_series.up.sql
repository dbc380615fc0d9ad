-- The last point of each series that counts since its start, written in the transaction that stored what
-- it added: the next point is stored as what it adds to this one.

CREATE TABLE cumulative_series (
  series_key TEXT PRIMARY KEY,  -- hash of everything that tells series apart, start time included
  owner TEXT NOT NULL,          -- the service whose key it came with
  seen_ms INTEGER NOT NULL,     -- ms since 1970 UTC; exact to the hour while its value stays the same
  last_point TEXT NOT NULL      -- JSON
) WITHOUT ROWID;

CREATE INDEX cumulative_series_owner ON cumulative_series (owner, seen_ms);
CREATE INDEX cumulative_series_seen_ms ON cumulative_series (seen_ms);

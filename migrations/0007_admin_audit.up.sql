-- Who administered what, and what the time was while the service ran: retention deletes by that.

CREATE TABLE admin_audit_log (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  timestamp TEXT NOT NULL,           -- when the act began
  api_key_id INTEGER NOT NULL,       -- 0: not a stored key, but the command line on this machine or the service itself
  actor TEXT NOT NULL,               -- the service that the key belongs to
  action TEXT NOT NULL,              -- such as key.create, retention.run
  target TEXT NOT NULL,              -- what was acted on
  details TEXT NOT NULL,             -- JSON object; never a secret
  outcome TEXT NOT NULL              -- ok, started (and not ended: the process died), or why it failed
);

-- One row. Wall clocks can be wrong by years; this is the time that could be followed while running.
CREATE TABLE trusted_time (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  trusted_ms INTEGER NOT NULL,       -- ms since 1970 UTC
  lead_ms INTEGER,                   -- least that the wall clock was ahead of it since it was; NULL: it is not
  ahead_ms INTEGER NOT NULL          -- how long the service has run while the wall clock was ahead
);

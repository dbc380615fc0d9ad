-- When each instance of a composer was last heard of, whatever it said: one that is silent is gone, and with
-- it all that it had said of itself. What it says now is in latest_values.

CREATE TABLE instance_reports (
  service TEXT NOT NULL,
  instance_id TEXT NOT NULL,
  received INTEGER NOT NULL,          -- s since 1970 UTC
  PRIMARY KEY (service, instance_id)
) WITHOUT ROWID;

INSERT INTO instance_reports (service, instance_id, received)
SELECT s.service, s.instance_id, max(v.request >> 19)
FROM latest_values AS v JOIN sources AS s ON s.id = v.source_id
GROUP BY s.service, s.instance_id;

-- Of other services a writer sees what its service's keys wrote: every query of one looks for it.

CREATE INDEX sources_api_key_id ON sources (api_key_id);

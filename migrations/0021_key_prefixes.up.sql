-- A key can be told from others by its beginning, and changed without losing the change at the next start.

-- The 8 characters after `mcp_metrics_`; NULL of keys from before, until they are used, and of keys in other forms.
ALTER TABLE api_keys ADD COLUMN key_prefix TEXT;

-- JSON list of the columns that an administrator has set: the environment's keys keep them over a start.
ALTER TABLE api_keys ADD COLUMN set_columns TEXT NOT NULL DEFAULT '[]';

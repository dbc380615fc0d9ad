-- Before this migration every active key may write, for ever: keys that may not, or not for ever, are turned off.
UPDATE api_keys SET is_active = 0 WHERE role <> 'writer' OR expires_at IS NOT NULL OR origin <> 'created';

DROP TABLE api_key_usage_log;
ALTER TABLE api_keys DROP COLUMN origin;
ALTER TABLE api_keys DROP COLUMN expires_at;
ALTER TABLE api_keys DROP COLUMN allowed_services;
ALTER TABLE api_keys DROP COLUMN role;
ALTER TABLE api_keys DROP COLUMN description;
ALTER TABLE api_keys DROP COLUMN monthly_usage_limit;
ALTER TABLE api_keys DROP COLUMN daily_usage_limit;
ALTER TABLE api_keys DROP COLUMN usage_count;

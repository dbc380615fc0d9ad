ALTER TABLE api_keys DROP COLUMN set_columns;
ALTER TABLE api_keys DROP COLUMN key_prefix;

DROP INDEX api_keys_legacy_hash;

-- Keys keep the hash that they were upgraded to, which every release knows.
ALTER TABLE api_keys DROP COLUMN legacy_hash;

-- Keys of a predecessor that hashed them in another way get the hash of this service when they are first used.

-- The hash that such a key was imported with, by which it is found when it is imported again.
ALTER TABLE api_keys ADD COLUMN legacy_hash TEXT;

CREATE UNIQUE INDEX api_keys_legacy_hash ON api_keys (legacy_hash) WHERE legacy_hash IS NOT NULL;

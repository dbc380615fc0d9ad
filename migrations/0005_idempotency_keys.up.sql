-- The answer each idempotency key was given, written in the transaction that stored its metrics.

CREATE TABLE idempotency_keys (
  api_key_id INTEGER NOT NULL,
  idempotency_key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,   -- SHA-256 of the request
  answer TEXT NOT NULL,        -- JSON
  expires_ms INTEGER NOT NULL, -- ms since 1970 UTC
  PRIMARY KEY (api_key_id, idempotency_key)
) WITHOUT ROWID;

CREATE INDEX idempotency_keys_expires_ms ON idempotency_keys (expires_ms);

CREATE TABLE IF NOT EXISTS dutiful_tokens (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  token_hash BLOB NOT NULL,
  scopes TEXT NOT NULL,
  task_names TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER,
  last_used_at INTEGER,
  previous_hash BLOB,
  previous_until INTEGER
) STRICT;

CREATE UNIQUE INDEX IF NOT EXISTS dutiful_tokens_name ON dutiful_tokens (name);

CREATE UNIQUE INDEX IF NOT EXISTS dutiful_tokens_hash ON dutiful_tokens (token_hash);

CREATE INDEX IF NOT EXISTS dutiful_tokens_previous ON dutiful_tokens (previous_hash) WHERE previous_hash IS NOT NULL;

CREATE TABLE IF NOT EXISTS dutiful_audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  entry_key BLOB NOT NULL,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT,
  detail TEXT
) STRICT;

CREATE UNIQUE INDEX IF NOT EXISTS dutiful_audit_entry ON dutiful_audit (entry_key);

CREATE INDEX IF NOT EXISTS dutiful_audit_at ON dutiful_audit (at);

CREATE TABLE IF NOT EXISTS dutiful_requests (
  request_key BLOB PRIMARY KEY,
  request_hash BLOB NOT NULL,
  answer TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS dutiful_requests_created ON dutiful_requests (created_at);

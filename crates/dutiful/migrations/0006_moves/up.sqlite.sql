CREATE TABLE IF NOT EXISTS dutiful_moves (
  id INTEGER PRIMARY KEY,
  move_id TEXT NOT NULL,
  role TEXT NOT NULL,
  stage TEXT NOT NULL,
  other TEXT NOT NULL,
  token TEXT,
  holder TEXT,
  expires_at INTEGER,
  started_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;

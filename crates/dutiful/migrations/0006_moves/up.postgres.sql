CREATE TABLE IF NOT EXISTS dutiful_moves (
  id integer PRIMARY KEY,
  move_id text NOT NULL,
  role text NOT NULL,
  stage text NOT NULL,
  other text NOT NULL,
  token text,
  holder text,
  expires_at timestamptz,
  started_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL
);

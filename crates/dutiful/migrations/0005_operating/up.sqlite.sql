ALTER TABLE dutiful_periodic ADD COLUMN payload_version INTEGER NOT NULL DEFAULT 1;

ALTER TABLE dutiful_periodic ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;

ALTER TABLE dutiful_periodic ADD COLUMN max_retries INTEGER NOT NULL DEFAULT 3;

ALTER TABLE dutiful_periodic ADD COLUMN changed_schedule TEXT;

ALTER TABLE dutiful_periodic ADD COLUMN changed_payload TEXT;

ALTER TABLE dutiful_periodic ADD COLUMN changed_payload_version INTEGER;

ALTER TABLE dutiful_periodic ADD COLUMN changed_at INTEGER;

ALTER TABLE dutiful_periodic ADD COLUMN changed_by TEXT;

ALTER TABLE dutiful_workers ADD COLUMN drain_at INTEGER;

CREATE TABLE IF NOT EXISTS dutiful_pauses (
  task_name TEXT PRIMARY KEY,
  paused_at INTEGER NOT NULL,
  paused_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS dutiful_previews (
  preview_key BLOB PRIMARY KEY,
  asked_by TEXT NOT NULL,
  asked_for TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  operation_id INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS dutiful_previews_created ON dutiful_previews (created_at);

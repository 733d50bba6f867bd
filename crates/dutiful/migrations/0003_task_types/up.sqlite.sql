CREATE TABLE IF NOT EXISTS dutiful_task_types (
  task_name TEXT PRIMARY KEY,
  payload_version INTEGER NOT NULL,
  payload_schema TEXT NOT NULL,
  emoji TEXT NOT NULL,
  priority INTEGER NOT NULL,
  max_retries INTEGER NOT NULL,
  batch_size INTEGER NOT NULL,
  timeout_ms INTEGER NOT NULL,
  worker TEXT NOT NULL,
  published_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS dutiful_tasks (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  task_name TEXT NOT NULL,
  task_payload TEXT NOT NULL,
  payload_version INTEGER NOT NULL DEFAULT 1,
  status TEXT NOT NULL DEFAULT 'not_started' CHECK (status = 'not_started' OR status = 'success' OR status = 'error'),
  priority INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL DEFAULT (CAST(ROUND((JULIANDAY('now') - 2440587.5) * 86400000) AS INTEGER) * 1000),
  due_at INTEGER DEFAULT (CAST(ROUND((JULIANDAY('now') - 2440587.5) * 86400000) AS INTEGER) * 1000),
  last_run_at INTEGER,
  finished_at INTEGER,
  worker TEXT,
  attempt INTEGER NOT NULL DEFAULT 0,
  retries INTEGER NOT NULL DEFAULT 0,
  max_retries INTEGER NOT NULL DEFAULT 3,
  crashes INTEGER NOT NULL DEFAULT 0,
  error_kind TEXT,
  error_message TEXT,
  result_data TEXT,
  progress INTEGER,
  progress_note TEXT,
  dedup_key BLOB,
  dedup_scope TEXT NOT NULL DEFAULT 'none',
  dedup_until INTEGER,
  submission_key BLOB
) STRICT;

CREATE INDEX IF NOT EXISTS dutiful_tasks_due ON dutiful_tasks (task_name, priority, due_at, id) WHERE due_at IS NOT NULL;

CREATE UNIQUE INDEX IF NOT EXISTS dutiful_tasks_dedup ON dutiful_tasks (dedup_key, task_name) WHERE dedup_key IS NOT NULL;

CREATE TABLE IF NOT EXISTS dutiful_attempts (
  task_id INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  worker TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  error_message TEXT,
  PRIMARY KEY (task_id, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS dutiful_steps (
  task_id INTEGER NOT NULL,
  step_name TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  result_data TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (task_id, step_name)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS dutiful_logs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  task_id INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  logged_at INTEGER NOT NULL,
  message TEXT NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS dutiful_logs_task ON dutiful_logs (task_id, id);

CREATE TABLE IF NOT EXISTS dutiful_workers (
  worker TEXT PRIMARY KEY,
  host TEXT NOT NULL,
  process_id INTEGER NOT NULL,
  task_names TEXT NOT NULL,
  hint_address TEXT,
  started_at INTEGER NOT NULL,
  beat_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS dutiful_periodic (
  name TEXT PRIMARY KEY,
  task_name TEXT NOT NULL,
  task_payload TEXT NOT NULL,
  schedule TEXT NOT NULL,
  missed TEXT NOT NULL,
  missed_window INTEGER NOT NULL,
  overlap TEXT NOT NULL,
  paused INTEGER NOT NULL DEFAULT 0,
  next_at INTEGER,
  last_at INTEGER,
  last_task_id INTEGER,
  fired INTEGER NOT NULL DEFAULT 0,
  skipped INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

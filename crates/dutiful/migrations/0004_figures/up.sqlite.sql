CREATE INDEX IF NOT EXISTS dutiful_tasks_finished ON dutiful_tasks (finished_at) WHERE finished_at IS NOT NULL;

CREATE INDEX IF NOT EXISTS dutiful_tasks_name ON dutiful_tasks (task_name);

CREATE INDEX IF NOT EXISTS dutiful_tasks_error ON dutiful_tasks (id) WHERE status = 'error';

CREATE INDEX IF NOT EXISTS dutiful_tasks_held ON dutiful_tasks (id) WHERE due_at IS NULL AND finished_at IS NULL;

CREATE INDEX IF NOT EXISTS dutiful_attempts_ended ON dutiful_attempts (ended_at);

CREATE INDEX IF NOT EXISTS dutiful_audit_actor ON dutiful_audit (actor, id);

CREATE INDEX IF NOT EXISTS dutiful_audit_action ON dutiful_audit (action, id);

CREATE INDEX IF NOT EXISTS dutiful_audit_target ON dutiful_audit (target, id);

CREATE TABLE IF NOT EXISTS dutiful_figures (
  step TEXT NOT NULL,
  begins_at INTEGER NOT NULL,
  task_name TEXT NOT NULL,
  figures TEXT NOT NULL,
  PRIMARY KEY (step, begins_at, task_name)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS dutiful_figures_until (
  id INTEGER PRIMARY KEY,
  version INTEGER NOT NULL DEFAULT 0,
  tasks_until INTEGER NOT NULL,
  attempts_until INTEGER NOT NULL,
  checked_until INTEGER NOT NULL,
  checked_again_until INTEGER NOT NULL
) STRICT;

INSERT INTO dutiful_figures_until (id, tasks_until, attempts_until, checked_until, checked_again_until)
VALUES (1, 0, 0, 0, 0)
ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS dutiful_figures_left (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  task_name TEXT NOT NULL,
  state TEXT NOT NULL,
  finished_at INTEGER NOT NULL,
  tasks INTEGER NOT NULL
) STRICT;

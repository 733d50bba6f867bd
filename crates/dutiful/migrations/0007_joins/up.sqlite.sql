-- Tasks that are held until others have ended.
CREATE TABLE IF NOT EXISTS dutiful_joins (
  task_id INTEGER PRIMARY KEY,
  first_open INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS dutiful_items (
  join_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  task_id INTEGER NOT NULL,
  PRIMARY KEY (join_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS dutiful_items_task ON dutiful_items (task_id);

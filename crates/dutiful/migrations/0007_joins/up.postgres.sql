-- Tasks that are held until others have ended.
CREATE TABLE IF NOT EXISTS dutiful_joins (
  task_id bigint PRIMARY KEY,
  first_open integer NOT NULL
);

CREATE TABLE IF NOT EXISTS dutiful_items (
  join_id bigint NOT NULL,
  number integer NOT NULL,
  task_id bigint NOT NULL,
  PRIMARY KEY (join_id, number)
);

CREATE INDEX IF NOT EXISTS dutiful_items_task ON dutiful_items (task_id);

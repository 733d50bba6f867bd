CREATE INDEX dutiful_tasks_finished ON dutiful_tasks (finished_at, id);

CREATE INDEX dutiful_tasks_name ON dutiful_tasks (task_name, id);

CREATE INDEX dutiful_tasks_status ON dutiful_tasks (status, id);

CREATE INDEX dutiful_attempts_ended ON dutiful_attempts (ended_at);

ALTER TABLE dutiful_audit
  MODIFY actor VARCHAR(200) NOT NULL,
  MODIFY action VARCHAR(200) NOT NULL,
  MODIFY target VARCHAR(200) NULL;

CREATE INDEX dutiful_audit_actor ON dutiful_audit (actor, id);

CREATE INDEX dutiful_audit_action ON dutiful_audit (action, id);

CREATE INDEX dutiful_audit_target ON dutiful_audit (target, id);

CREATE TABLE IF NOT EXISTS dutiful_figures (
  step VARCHAR(20) NOT NULL,
  begins_at DATETIME(6) NOT NULL,
  task_name VARCHAR(100) NOT NULL,
  figures TEXT NOT NULL,
  PRIMARY KEY (step, begins_at, task_name)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS dutiful_figures_until (
  id SMALLINT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL DEFAULT 0,
  tasks_until DATETIME(6) NOT NULL,
  attempts_until DATETIME(6) NOT NULL,
  checked_until DATETIME(6) NOT NULL,
  checked_again_until DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

INSERT INTO dutiful_figures_until (id, tasks_until, attempts_until, checked_until, checked_again_until)
VALUES (1, '1970-01-01', '1970-01-01', '1970-01-01', '1970-01-01')
ON DUPLICATE KEY UPDATE id = 1;

CREATE TABLE IF NOT EXISTS dutiful_figures_left (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  task_name VARCHAR(100) CHARACTER SET utf8mb4 /*!80017 COLLATE utf8mb4_0900_bin */ /*M!100600 COLLATE utf8mb4_nopad_bin */ NOT NULL,
  state VARCHAR(20) NOT NULL,
  finished_at DATETIME(6) NOT NULL,
  tasks BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

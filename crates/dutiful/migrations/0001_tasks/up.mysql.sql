CREATE TABLE IF NOT EXISTS dutiful_tasks (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  task_name VARCHAR(100) CHARACTER SET utf8mb4 /*!80017 COLLATE utf8mb4_0900_bin */ /*M!100600 COLLATE utf8mb4_nopad_bin */ NOT NULL,
  task_payload LONGTEXT NOT NULL,
  payload_version INT NOT NULL DEFAULT 1,
  status VARCHAR(20) NOT NULL DEFAULT 'not_started' CHECK (status IN ('not_started', 'success', 'error')),
  priority SMALLINT NOT NULL DEFAULT 0,
  created_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
  due_at DATETIME(6) NULL DEFAULT (UTC_TIMESTAMP(6)),
  last_run_at DATETIME(6) NULL,
  finished_at DATETIME(6) NULL,
  worker VARCHAR(100) NULL,
  attempt INT NOT NULL DEFAULT 0,
  retries INT NOT NULL DEFAULT 0,
  max_retries INT NOT NULL DEFAULT 3,
  crashes INT NOT NULL DEFAULT 0,
  error_kind VARCHAR(20) NULL,
  error_message TEXT NULL,
  result_data LONGTEXT NULL,
  progress SMALLINT NULL,
  progress_note TEXT NULL,
  dedup_key VARBINARY(32) NULL,
  dedup_scope VARCHAR(20) NOT NULL DEFAULT 'none',
  dedup_until DATETIME(6) NULL,
  submission_key BINARY(16) NULL,
  UNIQUE KEY dutiful_tasks_dedup (dedup_key, task_name),
  KEY dutiful_tasks_due (task_name, priority, due_at, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS dutiful_attempts (
  task_id BIGINT NOT NULL,
  attempt INT NOT NULL,
  worker VARCHAR(100) NOT NULL,
  started_at DATETIME(6) NOT NULL,
  ended_at DATETIME(6) NOT NULL,
  outcome VARCHAR(20) NOT NULL,
  error_message TEXT NULL,
  PRIMARY KEY (task_id, attempt)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS dutiful_steps (
  task_id BIGINT NOT NULL,
  step_name VARCHAR(200) CHARACTER SET utf8mb4 /*!80017 COLLATE utf8mb4_0900_bin */ /*M!100600 COLLATE utf8mb4_nopad_bin */ NOT NULL,
  attempt INT NOT NULL,
  result_data LONGTEXT NOT NULL,
  created_at DATETIME(6) NOT NULL,
  PRIMARY KEY (task_id, step_name)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS dutiful_logs (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  task_id BIGINT NOT NULL,
  attempt INT NOT NULL,
  logged_at DATETIME(6) NOT NULL,
  message TEXT NOT NULL,
  KEY dutiful_logs_task (task_id, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS dutiful_workers (
  worker VARCHAR(100) NOT NULL PRIMARY KEY,
  host VARCHAR(255) NOT NULL,
  process_id BIGINT NOT NULL,
  task_names TEXT NOT NULL,
  hint_address VARCHAR(100) NULL,
  started_at DATETIME(6) NOT NULL,
  beat_at DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS dutiful_periodic (
  name VARCHAR(100) CHARACTER SET utf8mb4 /*!80017 COLLATE utf8mb4_0900_bin */ /*M!100600 COLLATE utf8mb4_nopad_bin */ NOT NULL PRIMARY KEY,
  task_name VARCHAR(100) NOT NULL,
  task_payload LONGTEXT NOT NULL,
  schedule VARCHAR(500) NOT NULL,
  missed VARCHAR(20) NOT NULL,
  missed_window BIGINT NOT NULL,
  overlap VARCHAR(20) NOT NULL,
  paused SMALLINT NOT NULL DEFAULT 0,
  next_at DATETIME(6) NULL,
  last_at DATETIME(6) NULL,
  last_task_id BIGINT NULL,
  fired BIGINT NOT NULL DEFAULT 0,
  skipped BIGINT NOT NULL DEFAULT 0,
  created_at DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

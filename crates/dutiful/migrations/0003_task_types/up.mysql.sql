CREATE TABLE IF NOT EXISTS dutiful_task_types (
  task_name VARCHAR(100) CHARACTER SET utf8mb4 /*!80017 COLLATE utf8mb4_0900_bin */ /*M!100600 COLLATE utf8mb4_nopad_bin */ NOT NULL PRIMARY KEY,
  payload_version INT NOT NULL,
  payload_schema LONGTEXT NOT NULL,
  emoji TEXT NOT NULL,
  priority SMALLINT NOT NULL,
  max_retries INT NOT NULL,
  batch_size INT NOT NULL,
  timeout_ms BIGINT NOT NULL,
  worker VARCHAR(100) NOT NULL,
  published_at DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

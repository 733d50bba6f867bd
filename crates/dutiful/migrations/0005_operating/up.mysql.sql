ALTER TABLE dutiful_periodic
  ADD COLUMN payload_version INT NOT NULL DEFAULT 1,
  ADD COLUMN priority SMALLINT NOT NULL DEFAULT 0,
  ADD COLUMN max_retries INT NOT NULL DEFAULT 3,
  ADD COLUMN changed_schedule VARCHAR(500) NULL,
  ADD COLUMN changed_payload LONGTEXT NULL,
  ADD COLUMN changed_payload_version INT NULL,
  ADD COLUMN changed_at DATETIME(6) NULL,
  ADD COLUMN changed_by TEXT NULL;

ALTER TABLE dutiful_workers ADD COLUMN drain_at DATETIME(6) NULL;

CREATE TABLE IF NOT EXISTS dutiful_pauses (
  task_name VARCHAR(100) CHARACTER SET utf8mb4 /*!80017 COLLATE utf8mb4_0900_bin */ /*M!100600 COLLATE utf8mb4_nopad_bin */ NOT NULL PRIMARY KEY,
  paused_at DATETIME(6) NOT NULL,
  paused_by TEXT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS dutiful_previews (
  preview_key BINARY(32) NOT NULL PRIMARY KEY,
  asked_by TEXT NOT NULL,
  asked_for TEXT NOT NULL,
  created_at DATETIME(6) NOT NULL,
  operation_id BIGINT NULL,
  KEY dutiful_previews_created (created_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

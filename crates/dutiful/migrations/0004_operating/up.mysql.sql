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

DROP TABLE IF EXISTS dutiful_previews;

DROP TABLE IF EXISTS dutiful_pauses;

ALTER TABLE dutiful_workers DROP COLUMN drain_at;

ALTER TABLE dutiful_periodic
  DROP COLUMN payload_version,
  DROP COLUMN priority,
  DROP COLUMN max_retries,
  DROP COLUMN changed_schedule,
  DROP COLUMN changed_payload,
  DROP COLUMN changed_payload_version,
  DROP COLUMN changed_at,
  DROP COLUMN changed_by;

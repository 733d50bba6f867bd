DROP TABLE IF EXISTS dutiful_previews;

DROP TABLE IF EXISTS dutiful_pauses;

ALTER TABLE IF EXISTS dutiful_workers DROP COLUMN IF EXISTS drain_at;

ALTER TABLE IF EXISTS dutiful_periodic
  DROP COLUMN IF EXISTS payload_version,
  DROP COLUMN IF EXISTS priority,
  DROP COLUMN IF EXISTS max_retries,
  DROP COLUMN IF EXISTS changed_schedule,
  DROP COLUMN IF EXISTS changed_payload,
  DROP COLUMN IF EXISTS changed_payload_version,
  DROP COLUMN IF EXISTS changed_at,
  DROP COLUMN IF EXISTS changed_by;

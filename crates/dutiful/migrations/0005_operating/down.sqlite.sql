DROP TABLE IF EXISTS dutiful_previews;

DROP TABLE IF EXISTS dutiful_pauses;

ALTER TABLE dutiful_workers DROP COLUMN drain_at;

ALTER TABLE dutiful_periodic DROP COLUMN payload_version;

ALTER TABLE dutiful_periodic DROP COLUMN priority;

ALTER TABLE dutiful_periodic DROP COLUMN max_retries;

ALTER TABLE dutiful_periodic DROP COLUMN changed_schedule;

ALTER TABLE dutiful_periodic DROP COLUMN changed_payload;

ALTER TABLE dutiful_periodic DROP COLUMN changed_payload_version;

ALTER TABLE dutiful_periodic DROP COLUMN changed_at;

ALTER TABLE dutiful_periodic DROP COLUMN changed_by;

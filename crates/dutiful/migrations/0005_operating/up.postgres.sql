ALTER TABLE dutiful_periodic
  ADD COLUMN IF NOT EXISTS payload_version integer NOT NULL DEFAULT 1,
  ADD COLUMN IF NOT EXISTS priority smallint NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS max_retries integer NOT NULL DEFAULT 3,
  ADD COLUMN IF NOT EXISTS changed_schedule text,
  ADD COLUMN IF NOT EXISTS changed_payload text,
  ADD COLUMN IF NOT EXISTS changed_payload_version integer,
  ADD COLUMN IF NOT EXISTS changed_at timestamptz,
  ADD COLUMN IF NOT EXISTS changed_by text;

ALTER TABLE dutiful_workers ADD COLUMN IF NOT EXISTS drain_at timestamptz;

CREATE TABLE IF NOT EXISTS dutiful_pauses (
  task_name text COLLATE "C" PRIMARY KEY,
  paused_at timestamptz NOT NULL,
  paused_by text NOT NULL
);

CREATE TABLE IF NOT EXISTS dutiful_previews (
  preview_key bytea PRIMARY KEY,
  asked_by text NOT NULL,
  asked_for text NOT NULL,
  created_at timestamptz NOT NULL,
  operation_id bigint
);

CREATE INDEX IF NOT EXISTS dutiful_previews_created ON dutiful_previews (created_at);

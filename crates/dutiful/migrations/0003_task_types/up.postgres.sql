CREATE TABLE IF NOT EXISTS dutiful_task_types (
  task_name text COLLATE "C" PRIMARY KEY,
  payload_version integer NOT NULL,
  payload_schema text NOT NULL,
  emoji text NOT NULL,
  priority smallint NOT NULL,
  max_retries integer NOT NULL,
  batch_size integer NOT NULL,
  timeout_ms bigint NOT NULL,
  worker text NOT NULL,
  published_at timestamptz NOT NULL
);

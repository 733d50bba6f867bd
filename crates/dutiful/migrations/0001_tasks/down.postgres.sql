DROP TABLE IF EXISTS dutiful_periodic;

DROP TABLE IF EXISTS dutiful_workers;

DROP TABLE IF EXISTS dutiful_logs;

DROP TABLE IF EXISTS dutiful_steps;

DROP TABLE IF EXISTS dutiful_attempts;

DROP TABLE IF EXISTS dutiful_tasks;

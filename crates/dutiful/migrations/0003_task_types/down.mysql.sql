DROP TABLE IF EXISTS dutiful_task_types;

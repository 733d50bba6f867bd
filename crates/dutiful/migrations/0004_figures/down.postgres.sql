DROP TABLE IF EXISTS dutiful_figures_left;

DROP TABLE IF EXISTS dutiful_figures_until;

DROP TABLE IF EXISTS dutiful_figures;

DROP INDEX IF EXISTS dutiful_audit_target;

DROP INDEX IF EXISTS dutiful_audit_action;

DROP INDEX IF EXISTS dutiful_audit_actor;

DROP INDEX IF EXISTS dutiful_attempts_ended;

DROP INDEX IF EXISTS dutiful_tasks_held;

DROP INDEX IF EXISTS dutiful_tasks_error;

DROP INDEX IF EXISTS dutiful_tasks_name;

DROP INDEX IF EXISTS dutiful_tasks_finished;

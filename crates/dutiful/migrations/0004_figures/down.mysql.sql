DROP TABLE IF EXISTS dutiful_figures_left;

DROP TABLE IF EXISTS dutiful_figures_until;

DROP TABLE IF EXISTS dutiful_figures;

DROP INDEX dutiful_audit_target ON dutiful_audit;

DROP INDEX dutiful_audit_action ON dutiful_audit;

DROP INDEX dutiful_audit_actor ON dutiful_audit;

ALTER TABLE dutiful_audit
  MODIFY actor TEXT NOT NULL,
  MODIFY action TEXT NOT NULL,
  MODIFY target TEXT NULL;

DROP INDEX dutiful_attempts_ended ON dutiful_attempts;

DROP INDEX dutiful_tasks_status ON dutiful_tasks;

DROP INDEX dutiful_tasks_name ON dutiful_tasks;

DROP INDEX dutiful_tasks_finished ON dutiful_tasks;

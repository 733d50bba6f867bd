DROP TABLE IF EXISTS dutiful_requests;

DROP TABLE IF EXISTS dutiful_audit;

DROP TABLE IF EXISTS dutiful_tokens;

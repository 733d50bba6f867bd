CREATE TABLE IF NOT EXISTS dutiful_tokens (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(100) CHARACTER SET utf8mb4 /*!80017 COLLATE utf8mb4_0900_bin */ /*M!100600 COLLATE utf8mb4_nopad_bin */ NOT NULL,
  token_hash BINARY(32) NOT NULL,
  scopes TEXT NOT NULL,
  task_names TEXT NULL,
  created_at DATETIME(6) NOT NULL,
  expires_at DATETIME(6) NULL,
  revoked_at DATETIME(6) NULL,
  last_used_at DATETIME(6) NULL,
  previous_hash BINARY(32) NULL,
  previous_until DATETIME(6) NULL,
  UNIQUE KEY dutiful_tokens_name (name),
  UNIQUE KEY dutiful_tokens_hash (token_hash),
  KEY dutiful_tokens_previous (previous_hash)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS dutiful_audit (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  entry_key BINARY(16) NOT NULL,
  at DATETIME(6) NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NULL,
  detail TEXT NULL,
  UNIQUE KEY dutiful_audit_entry (entry_key),
  KEY dutiful_audit_at (at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS dutiful_requests (
  request_key BINARY(32) NOT NULL PRIMARY KEY,
  request_hash BINARY(32) NOT NULL,
  answer LONGTEXT NOT NULL,
  created_at DATETIME(6) NOT NULL,
  KEY dutiful_requests_created (created_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

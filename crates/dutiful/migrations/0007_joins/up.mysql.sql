-- Tasks that are held until others have ended.
CREATE TABLE IF NOT EXISTS dutiful_joins (
  task_id BIGINT NOT NULL PRIMARY KEY,
  first_open INT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS dutiful_items (
  join_id BIGINT NOT NULL,
  number INT NOT NULL,
  task_id BIGINT NOT NULL,
  PRIMARY KEY (join_id, number),
  KEY dutiful_items_task (task_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

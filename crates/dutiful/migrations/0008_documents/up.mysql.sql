-- Collections of documents; the version counts what has changed about what a search sees.
CREATE TABLE IF NOT EXISTS dutiful_collections (
  name VARCHAR(100) CHARACTER SET utf8mb4 /*!80017 COLLATE utf8mb4_0900_bin */ /*M!100600 COLLATE utf8mb4_nopad_bin */ NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- A document under its name: the generation that readers see, and the newest one.
CREATE TABLE IF NOT EXISTS dutiful_documents (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  collection VARCHAR(100) CHARACTER SET utf8mb4 /*!80017 COLLATE utf8mb4_0900_bin */ /*M!100600 COLLATE utf8mb4_nopad_bin */ NOT NULL,
  name VARCHAR(500) CHARACTER SET utf8mb4 /*!80017 COLLATE utf8mb4_0900_bin */ /*M!100600 COLLATE utf8mb4_nopad_bin */ NOT NULL,
  live BIGINT NULL,
  latest BIGINT NOT NULL,
  created_at DATETIME(6) NOT NULL,
  changed_at DATETIME(6) NOT NULL,
  UNIQUE KEY dutiful_documents_name (collection, name),
  KEY dutiful_documents_live (live)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The bytes of documents in parts, once for each content.
CREATE TABLE IF NOT EXISTS dutiful_contents (
  content_hash BINARY(32) NOT NULL,
  part INT NOT NULL,
  bytes LONGBLOB NOT NULL,
  PRIMARY KEY (content_hash, part)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What a content of a document becomes, step by step.
CREATE TABLE IF NOT EXISTS dutiful_generations (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  document_id BIGINT NOT NULL,
  content_hash BINARY(32) NOT NULL,
  bytes BIGINT NOT NULL,
  stage VARCHAR(40) NOT NULL,
  task_id BIGINT NULL,
  format VARCHAR(40) NULL,
  title LONGTEXT NULL,
  language VARCHAR(40) NULL,
  facts LONGTEXT NULL,
  pages INT NULL,
  text_bytes BIGINT NULL,
  chunks INT NULL,
  model VARCHAR(200) CHARACTER SET utf8mb4 /*!80017 COLLATE utf8mb4_0900_bin */ /*M!100600 COLLATE utf8mb4_nopad_bin */ NULL,
  error LONGTEXT NULL,
  created_at DATETIME(6) NOT NULL,
  changed_at DATETIME(6) NOT NULL,
  KEY dutiful_generations_document (document_id),
  KEY dutiful_generations_content (content_hash),
  KEY dutiful_generations_stage (stage, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The text of a generation, page by page; those of a reading that is not over have no place in it yet.
CREATE TABLE IF NOT EXISTS dutiful_pages (
  generation_id BIGINT NOT NULL,
  number INT NOT NULL,
  method VARCHAR(40) NOT NULL,
  confidence INT NULL,
  start_byte BIGINT NULL,
  end_byte BIGINT NULL,
  warnings LONGTEXT NULL,
  markdown LONGTEXT NOT NULL,
  PRIMARY KEY (generation_id, number)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What searches find.
CREATE TABLE IF NOT EXISTS dutiful_chunks (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  generation_id BIGINT NOT NULL,
  number INT NOT NULL,
  start_byte BIGINT NOT NULL,
  end_byte BIGINT NOT NULL,
  first_page INT NOT NULL,
  last_page INT NOT NULL,
  tokens INT NOT NULL,
  content_hash BINARY(32) NOT NULL,
  heading_path LONGTEXT NOT NULL,
  body LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci NOT NULL,
  UNIQUE KEY dutiful_chunks_number (generation_id, number),
  KEY dutiful_chunks_content (content_hash),
  FULLTEXT KEY dutiful_chunks_words (body)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What chunks mean to a model, once for each text; where there is none, why.
CREATE TABLE IF NOT EXISTS dutiful_vectors (
  model VARCHAR(200) CHARACTER SET utf8mb4 /*!80017 COLLATE utf8mb4_0900_bin */ /*M!100600 COLLATE utf8mb4_nopad_bin */ NOT NULL,
  content_hash BINARY(32) NOT NULL,
  vector LONGBLOB NULL,
  error LONGTEXT NULL,
  created_at DATETIME(6) NOT NULL,
  PRIMARY KEY (model, content_hash)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What nobody is to call before its time.
CREATE TABLE IF NOT EXISTS dutiful_holds (
  name VARCHAR(200) CHARACTER SET utf8mb4 /*!80017 COLLATE utf8mb4_0900_bin */ /*M!100600 COLLATE utf8mb4_nopad_bin */ NOT NULL PRIMARY KEY,
  until_at DATETIME(6) NOT NULL,
  reason LONGTEXT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Collections of documents; the version counts what has changed about what a search sees.
CREATE TABLE IF NOT EXISTS dutiful_collections (
  name TEXT PRIMARY KEY,
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A document under its name: the generation that readers see, and the newest one.
CREATE TABLE IF NOT EXISTS dutiful_documents (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  collection TEXT NOT NULL,
  name TEXT NOT NULL,
  live INTEGER,
  latest INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX IF NOT EXISTS dutiful_documents_name ON dutiful_documents (collection, name);

CREATE INDEX IF NOT EXISTS dutiful_documents_live ON dutiful_documents (live) WHERE live IS NOT NULL;

-- The bytes of documents in parts, once for each content.
CREATE TABLE IF NOT EXISTS dutiful_contents (
  content_hash BLOB NOT NULL,
  part INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (content_hash, part)
) STRICT;

-- What a content of a document becomes, step by step.
CREATE TABLE IF NOT EXISTS dutiful_generations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  document_id INTEGER NOT NULL,
  content_hash BLOB NOT NULL,
  bytes INTEGER NOT NULL,
  stage TEXT NOT NULL,
  task_id INTEGER,
  format TEXT,
  title TEXT,
  language TEXT,
  facts TEXT,
  pages INTEGER,
  text_bytes INTEGER,
  chunks INTEGER,
  model TEXT,
  error TEXT,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS dutiful_generations_document ON dutiful_generations (document_id);

CREATE INDEX IF NOT EXISTS dutiful_generations_content ON dutiful_generations (content_hash);

CREATE INDEX IF NOT EXISTS dutiful_generations_stage ON dutiful_generations (stage, id);

-- The text of a generation, page by page; those of a reading that is not over have no place in it yet.
CREATE TABLE IF NOT EXISTS dutiful_pages (
  generation_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  method TEXT NOT NULL,
  confidence INTEGER,
  start_byte INTEGER,
  end_byte INTEGER,
  warnings TEXT,
  markdown TEXT NOT NULL,
  PRIMARY KEY (generation_id, number)
) STRICT;

-- What searches find.
CREATE TABLE IF NOT EXISTS dutiful_chunks (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  generation_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  start_byte INTEGER NOT NULL,
  end_byte INTEGER NOT NULL,
  first_page INTEGER NOT NULL,
  last_page INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  content_hash BLOB NOT NULL,
  heading_path TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX IF NOT EXISTS dutiful_chunks_number ON dutiful_chunks (generation_id, number);

CREATE INDEX IF NOT EXISTS dutiful_chunks_content ON dutiful_chunks (content_hash);

-- The words of chunks, kept by triggers.
CREATE VIRTUAL TABLE IF NOT EXISTS dutiful_chunk_words USING fts5 (body, content = 'dutiful_chunks', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2');

CREATE TRIGGER IF NOT EXISTS dutiful_chunk_words_insert AFTER INSERT ON dutiful_chunks BEGIN INSERT INTO dutiful_chunk_words (rowid, body) VALUES (new.id, new.body); END;

CREATE TRIGGER IF NOT EXISTS dutiful_chunk_words_delete AFTER DELETE ON dutiful_chunks BEGIN INSERT INTO dutiful_chunk_words (dutiful_chunk_words, rowid, body) VALUES ('delete', old.id, old.body); END;

-- What chunks mean to a model, once for each text; where there is none, why.
CREATE TABLE IF NOT EXISTS dutiful_vectors (
  model TEXT NOT NULL,
  content_hash BLOB NOT NULL,
  vector BLOB,
  error TEXT,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (model, content_hash)
) STRICT;

-- What nobody is to call before its time.
CREATE TABLE IF NOT EXISTS dutiful_holds (
  name TEXT PRIMARY KEY,
  until_at INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

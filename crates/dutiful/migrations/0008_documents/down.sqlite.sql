DROP TABLE IF EXISTS dutiful_holds;

DROP TABLE IF EXISTS dutiful_vectors;

DROP TABLE IF EXISTS dutiful_chunks;

DROP TABLE IF EXISTS dutiful_chunk_words;

DROP TABLE IF EXISTS dutiful_pages;

DROP TABLE IF EXISTS dutiful_generations;

DROP TABLE IF EXISTS dutiful_contents;

DROP TABLE IF EXISTS dutiful_documents;

DROP TABLE IF EXISTS dutiful_collections;

//! What documents hold, on its way from one database to another: their bytes, pages, chunks, vectors.

use super::table::{Column, Cursor, Kind, Table};
use crate::db::Sql;

pub(crate) static CONTENTS: Table = Table {
    name: "contents",
    columns: &[
        Column::new("content_hash", Kind::Bytes),
        Column::new("part", Kind::Int),
        Column::new("bytes", Kind::Bytes),
    ],
    key: 2,
    cursor: Cursor::Pair,
    born_with: 0,
    page: Sql {
        sqlite: "/* dutiful.moves.contents.page */
            SELECT content_hash, part, bytes
            FROM dutiful_contents WHERE content_hash >= ?1 AND (content_hash > ?2 OR part > ?3)
            ORDER BY content_hash, part LIMIT ?4",
        mysql: "/* dutiful.moves.contents.page */
            SELECT content_hash, part, bytes
            FROM dutiful_contents WHERE content_hash >= ? AND (content_hash > ? OR part > ?)
            ORDER BY content_hash, part LIMIT ?",
        postgres: "/* dutiful.moves.contents.page */
            SELECT content_hash, part, bytes
            FROM dutiful_contents WHERE content_hash >= $1::bytea AND (content_hash > $2::bytea OR part > $3::bigint)
            ORDER BY content_hash, part LIMIT $4::bigint",
    },
    weigh: Some(Sql {
        sqlite: "/* dutiful.moves.contents.weigh */
            SELECT SUM(bytes_there) FROM (
              SELECT COALESCE(length(bytes), 0) AS bytes_there
              FROM dutiful_contents WHERE content_hash >= ?1 AND (content_hash > ?2 OR part > ?3)
              ORDER BY content_hash, part LIMIT ?4) AS page",
        mysql: "/* dutiful.moves.contents.weigh */
            SELECT CAST(SUM(bytes_there) AS SIGNED) FROM (
              SELECT COALESCE(LENGTH(bytes), 0) AS bytes_there
              FROM dutiful_contents WHERE content_hash >= ? AND (content_hash > ? OR part > ?)
              ORDER BY content_hash, part LIMIT ?) AS page",
        postgres: "/* dutiful.moves.contents.weigh */
            SELECT SUM(bytes_there)::bigint FROM (
              SELECT COALESCE(octet_length(bytes), 0) AS bytes_there
              FROM dutiful_contents WHERE content_hash >= $1::bytea AND (content_hash > $2::bytea OR part > $3::bigint)
              ORDER BY content_hash, part LIMIT $4::bigint) AS page",
    }),
    insert: Sql {
        sqlite: "/* dutiful.moves.contents.insert */
            INSERT INTO dutiful_contents
              (content_hash, part, bytes)
            VALUES (?1, ?2, ?3)",
        mysql: "/* dutiful.moves.contents.insert */
            INSERT INTO dutiful_contents
              (content_hash, part, bytes)
            VALUES {{(?, ?, ?)}}",
        postgres: "/* dutiful.moves.contents.insert */
            INSERT INTO dutiful_contents
              (content_hash, part, bytes)
            SELECT * FROM unnest(
              $1::bytea[], $2::bigint[], $3::bytea[])",
    },
    remove: Sql {
        sqlite: "/* dutiful.moves.contents.remove */
            DELETE FROM dutiful_contents WHERE content_hash = ?1 AND part = ?2",
        mysql: "/* dutiful.moves.contents.remove */
            DELETE FROM dutiful_contents WHERE (content_hash, part) IN ({{(?, ?)}})",
        postgres: "/* dutiful.moves.contents.remove */
            DELETE FROM dutiful_contents AS t USING unnest($1::bytea[], $2::bigint[]) AS gone (content_hash, part)
            WHERE t.content_hash = gone.content_hash AND t.part = gone.part",
    },
    free: None,
};

pub(crate) static PAGES: Table = Table {
    name: "pages",
    columns: &[
        Column::new("generation_id", Kind::Int),
        Column::new("number", Kind::Int),
        Column::new("method", Kind::Text),
        Column::new("confidence", Kind::Int),
        Column::new("start_byte", Kind::Int),
        Column::new("end_byte", Kind::Int),
        Column::new("warnings", Kind::Text),
        Column::new("markdown", Kind::Text),
    ],
    key: 2,
    cursor: Cursor::Pair,
    born_with: 0,
    page: Sql {
        sqlite: "/* dutiful.moves.pages.page */
            SELECT generation_id, number, method, confidence, start_byte, end_byte, warnings, markdown
            FROM dutiful_pages WHERE generation_id >= ?1 AND (generation_id > ?2 OR number > ?3)
            ORDER BY generation_id, number LIMIT ?4",
        mysql: "/* dutiful.moves.pages.page */
            SELECT generation_id, number, method, confidence, start_byte, end_byte, warnings, markdown
            FROM dutiful_pages WHERE generation_id >= ? AND (generation_id > ? OR number > ?)
            ORDER BY generation_id, number LIMIT ?",
        postgres: "/* dutiful.moves.pages.page */
            SELECT generation_id, number, method, confidence, start_byte, end_byte, warnings, markdown
            FROM dutiful_pages WHERE generation_id >= $1::bigint AND (generation_id > $2::bigint OR number > $3::bigint)
            ORDER BY generation_id, number LIMIT $4::bigint",
    },
    weigh: Some(Sql {
        sqlite: "/* dutiful.moves.pages.weigh */
            SELECT SUM(bytes_there) FROM (
              SELECT COALESCE(length(CAST(markdown AS BLOB)), 0) AS bytes_there
              FROM dutiful_pages WHERE generation_id >= ?1 AND (generation_id > ?2 OR number > ?3)
              ORDER BY generation_id, number LIMIT ?4) AS page",
        mysql: "/* dutiful.moves.pages.weigh */
            SELECT CAST(SUM(bytes_there) AS SIGNED) FROM (
              SELECT COALESCE(LENGTH(markdown), 0) AS bytes_there
              FROM dutiful_pages WHERE generation_id >= ? AND (generation_id > ? OR number > ?)
              ORDER BY generation_id, number LIMIT ?) AS page",
        postgres: "/* dutiful.moves.pages.weigh */
            SELECT SUM(bytes_there)::bigint FROM (
              SELECT COALESCE(octet_length(markdown), 0) AS bytes_there
              FROM dutiful_pages WHERE generation_id >= $1::bigint AND (generation_id > $2::bigint OR number > $3::bigint)
              ORDER BY generation_id, number LIMIT $4::bigint) AS page",
    }),
    insert: Sql {
        sqlite: "/* dutiful.moves.pages.insert */
            INSERT INTO dutiful_pages
              (generation_id, number, method, confidence, start_byte, end_byte, warnings, markdown)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        mysql: "/* dutiful.moves.pages.insert */
            INSERT INTO dutiful_pages
              (generation_id, number, method, confidence, start_byte, end_byte, warnings, markdown)
            VALUES {{(?, ?, ?, ?, ?, ?, ?, ?)}}",
        postgres: "/* dutiful.moves.pages.insert */
            INSERT INTO dutiful_pages
              (generation_id, number, method, confidence, start_byte, end_byte, warnings, markdown)
            SELECT * FROM unnest(
              $1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[])",
    },
    remove: Sql {
        sqlite: "/* dutiful.moves.pages.remove */
            DELETE FROM dutiful_pages WHERE generation_id = ?1 AND number = ?2",
        mysql: "/* dutiful.moves.pages.remove */
            DELETE FROM dutiful_pages WHERE (generation_id, number) IN ({{(?, ?)}})",
        postgres: "/* dutiful.moves.pages.remove */
            DELETE FROM dutiful_pages AS t USING unnest($1::bigint[], $2::bigint[]) AS gone (generation_id, number)
            WHERE t.generation_id = gone.generation_id AND t.number = gone.number",
    },
    free: None,
};

pub(crate) static CHUNKS: Table = Table {
    name: "chunks",
    columns: &[
        Column::new("id", Kind::Int),
        Column::new("generation_id", Kind::Int),
        Column::new("number", Kind::Int),
        Column::new("start_byte", Kind::Int),
        Column::new("end_byte", Kind::Int),
        Column::new("first_page", Kind::Int),
        Column::new("last_page", Kind::Int),
        Column::new("tokens", Kind::Int),
        Column::new("content_hash", Kind::Bytes),
        Column::new("heading_path", Kind::Text),
        Column::new("body", Kind::Text),
    ],
    key: 1,
    cursor: Cursor::Single,
    born_with: 0,
    page: Sql {
        sqlite: "/* dutiful.moves.chunks.page */
            SELECT id, generation_id, number, start_byte, end_byte, first_page, last_page, tokens, content_hash,
                   heading_path, body
            FROM dutiful_chunks WHERE id > ?1
            ORDER BY id LIMIT ?2",
        mysql: "/* dutiful.moves.chunks.page */
            SELECT id, generation_id, number, start_byte, end_byte, first_page, last_page, tokens, content_hash,
                   heading_path, body
            FROM dutiful_chunks WHERE id > ?
            ORDER BY id LIMIT ?",
        postgres: "/* dutiful.moves.chunks.page */
            SELECT id, generation_id, number, start_byte, end_byte, first_page, last_page, tokens, content_hash,
                   heading_path, body
            FROM dutiful_chunks WHERE id > $1::bigint
            ORDER BY id LIMIT $2::bigint",
    },
    weigh: Some(Sql {
        sqlite: "/* dutiful.moves.chunks.weigh */
            SELECT SUM(bytes_there) FROM (
              SELECT COALESCE(length(CAST(body AS BLOB)), 0) + COALESCE(length(CAST(heading_path AS BLOB)), 0) AS bytes_there
              FROM dutiful_chunks WHERE id > ?1
              ORDER BY id LIMIT ?2) AS page",
        mysql: "/* dutiful.moves.chunks.weigh */
            SELECT CAST(SUM(bytes_there) AS SIGNED) FROM (
              SELECT COALESCE(LENGTH(body), 0) + COALESCE(LENGTH(heading_path), 0) AS bytes_there
              FROM dutiful_chunks WHERE id > ?
              ORDER BY id LIMIT ?) AS page",
        postgres: "/* dutiful.moves.chunks.weigh */
            SELECT SUM(bytes_there)::bigint FROM (
              SELECT COALESCE(octet_length(body), 0) + COALESCE(octet_length(heading_path), 0) AS bytes_there
              FROM dutiful_chunks WHERE id > $1::bigint
              ORDER BY id LIMIT $2::bigint) AS page",
    }),
    insert: Sql {
        sqlite: "/* dutiful.moves.chunks.insert */
            INSERT INTO dutiful_chunks
              (id, generation_id, number, start_byte, end_byte, first_page, last_page, tokens, content_hash,
               heading_path, body)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        mysql: "/* dutiful.moves.chunks.insert */
            INSERT INTO dutiful_chunks
              (id, generation_id, number, start_byte, end_byte, first_page, last_page, tokens, content_hash,
               heading_path, body)
            VALUES {{(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)}}",
        postgres: "/* dutiful.moves.chunks.insert */
            INSERT INTO dutiful_chunks
              (id, generation_id, number, start_byte, end_byte, first_page, last_page, tokens, content_hash,
               heading_path, body)
            SELECT * FROM unnest(
              $1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
              $8::bigint[], $9::bytea[], $10::text[], $11::text[])",
    },
    remove: Sql {
        sqlite: "/* dutiful.moves.chunks.remove */
            DELETE FROM dutiful_chunks WHERE id = ?1",
        mysql: "/* dutiful.moves.chunks.remove */
            DELETE FROM dutiful_chunks WHERE id IN ({{?}})",
        postgres: "/* dutiful.moves.chunks.remove */
            DELETE FROM dutiful_chunks AS t USING unnest($1::bigint[]) AS gone (id)
            WHERE t.id = gone.id",
    },
    free: None,
};

pub(crate) static VECTORS: Table = Table {
    name: "vectors",
    columns: &[
        Column::new("model", Kind::Text),
        Column::new("content_hash", Kind::Bytes),
        Column::new("vector", Kind::Bytes),
        Column::new("error", Kind::Text),
        Column::new("created_at", Kind::Time),
    ],
    key: 2,
    cursor: Cursor::Pair,
    born_with: 0,
    page: Sql {
        sqlite: "/* dutiful.moves.vectors.page */
            SELECT model, content_hash, vector, error, created_at
            FROM dutiful_vectors WHERE model >= ?1 AND (model > ?2 OR content_hash > ?3)
            ORDER BY model, content_hash LIMIT ?4",
        mysql: "/* dutiful.moves.vectors.page */
            SELECT model, content_hash, vector, error, created_at
            FROM dutiful_vectors WHERE model >= ? AND (model > ? OR content_hash > ?)
            ORDER BY model, content_hash LIMIT ?",
        postgres: "/* dutiful.moves.vectors.page */
            SELECT model, content_hash, vector, error, created_at
            FROM dutiful_vectors WHERE model >= $1::text AND (model > $2::text OR content_hash > $3::bytea)
            ORDER BY model, content_hash LIMIT $4::bigint",
    },
    weigh: Some(Sql {
        sqlite: "/* dutiful.moves.vectors.weigh */
            SELECT SUM(bytes_there) FROM (
              SELECT COALESCE(length(vector), 0) AS bytes_there
              FROM dutiful_vectors WHERE model >= ?1 AND (model > ?2 OR content_hash > ?3)
              ORDER BY model, content_hash LIMIT ?4) AS page",
        mysql: "/* dutiful.moves.vectors.weigh */
            SELECT CAST(SUM(bytes_there) AS SIGNED) FROM (
              SELECT COALESCE(LENGTH(vector), 0) AS bytes_there
              FROM dutiful_vectors WHERE model >= ? AND (model > ? OR content_hash > ?)
              ORDER BY model, content_hash LIMIT ?) AS page",
        postgres: "/* dutiful.moves.vectors.weigh */
            SELECT SUM(bytes_there)::bigint FROM (
              SELECT COALESCE(octet_length(vector), 0) AS bytes_there
              FROM dutiful_vectors WHERE model >= $1::text AND (model > $2::text OR content_hash > $3::bytea)
              ORDER BY model, content_hash LIMIT $4::bigint) AS page",
    }),
    insert: Sql {
        sqlite: "/* dutiful.moves.vectors.insert */
            INSERT INTO dutiful_vectors
              (model, content_hash, vector, error, created_at)
            VALUES (?1, ?2, ?3, ?4, ?5)",
        mysql: "/* dutiful.moves.vectors.insert */
            INSERT INTO dutiful_vectors
              (model, content_hash, vector, error, created_at)
            VALUES {{(?, ?, ?, ?, ?)}}",
        postgres: "/* dutiful.moves.vectors.insert */
            INSERT INTO dutiful_vectors
              (model, content_hash, vector, error, created_at)
            SELECT * FROM unnest(
              $1::text[], $2::bytea[], $3::bytea[], $4::text[], $5::timestamptz[])",
    },
    remove: Sql {
        sqlite: "/* dutiful.moves.vectors.remove */
            DELETE FROM dutiful_vectors WHERE model = ?1 AND content_hash = ?2",
        mysql: "/* dutiful.moves.vectors.remove */
            DELETE FROM dutiful_vectors WHERE (model, content_hash) IN ({{(?, ?)}})",
        postgres: "/* dutiful.moves.vectors.remove */
            DELETE FROM dutiful_vectors AS t USING unnest($1::text[], $2::bytea[]) AS gone (model, content_hash)
            WHERE t.model = gone.model AND t.content_hash = gone.content_hash",
    },
    free: None,
};

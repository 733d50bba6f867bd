//! Documents and what becomes of them, on their way from one database to another.

use super::table::{Column, Cursor, Free, Kind, Table};
use crate::db::Sql;

pub(crate) static COLLECTIONS: Table = Table {
    name: "collections",
    columns: &[
        Column::new("name", Kind::Text),
        Column::new("version", Kind::Int),
    ],
    key: 1,
    cursor: Cursor::Optional,
    born_with: 0,
    page: Sql {
        sqlite: "/* dutiful.moves.collections.page */
            SELECT name, version
            FROM dutiful_collections WHERE (?1 IS NULL OR name > ?2)
            ORDER BY name LIMIT ?3",
        mysql: "/* dutiful.moves.collections.page */
            SELECT name, version
            FROM dutiful_collections WHERE (? IS NULL OR name > ?)
            ORDER BY name LIMIT ?",
        postgres: "/* dutiful.moves.collections.page */
            SELECT name, version
            FROM dutiful_collections WHERE ($1::text IS NULL OR name > $2::text)
            ORDER BY name LIMIT $3::bigint",
    },
    weigh: None,
    insert: Sql {
        sqlite: "/* dutiful.moves.collections.insert */
            INSERT INTO dutiful_collections
              (name, version)
            VALUES (?1, ?2)",
        mysql: "/* dutiful.moves.collections.insert */
            INSERT INTO dutiful_collections
              (name, version)
            VALUES {{(?, ?)}}",
        postgres: "/* dutiful.moves.collections.insert */
            INSERT INTO dutiful_collections
              (name, version)
            SELECT * FROM unnest(
              $1::text[], $2::bigint[])",
    },
    remove: Sql {
        sqlite: "/* dutiful.moves.collections.remove */
            DELETE FROM dutiful_collections WHERE name = ?1",
        mysql: "/* dutiful.moves.collections.remove */
            DELETE FROM dutiful_collections WHERE name IN ({{?}})",
        postgres: "/* dutiful.moves.collections.remove */
            DELETE FROM dutiful_collections AS t USING unnest($1::text[]) AS gone (name)
            WHERE t.name = gone.name",
    },
    free: None,
};

pub(crate) static DOCUMENTS: Table = Table {
    name: "documents",
    columns: &[
        Column::new("id", Kind::Int),
        Column::new("collection", Kind::Text),
        Column::new("name", Kind::Text),
        Column::new("live", Kind::Int),
        Column::new("latest", Kind::Int),
        Column::new("created_at", Kind::Time),
        Column::new("changed_at", Kind::Time),
    ],
    key: 1,
    cursor: Cursor::Single,
    born_with: 0,
    page: Sql {
        sqlite: "/* dutiful.moves.documents.page */
            SELECT id, collection, name, live, latest, created_at, changed_at
            FROM dutiful_documents WHERE id > ?1
            ORDER BY id LIMIT ?2",
        mysql: "/* dutiful.moves.documents.page */
            SELECT id, collection, name, live, latest, created_at, changed_at
            FROM dutiful_documents WHERE id > ?
            ORDER BY id LIMIT ?",
        postgres: "/* dutiful.moves.documents.page */
            SELECT id, collection, name, live, latest, created_at, changed_at
            FROM dutiful_documents WHERE id > $1::bigint
            ORDER BY id LIMIT $2::bigint",
    },
    weigh: None,
    insert: Sql {
        sqlite: "/* dutiful.moves.documents.insert */
            INSERT INTO dutiful_documents
              (id, collection, name, live, latest, created_at, changed_at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        mysql: "/* dutiful.moves.documents.insert */
            INSERT INTO dutiful_documents
              (id, collection, name, live, latest, created_at, changed_at)
            VALUES {{(?, ?, ?, ?, ?, ?, ?)}}",
        postgres: "/* dutiful.moves.documents.insert */
            INSERT INTO dutiful_documents
              (id, collection, name, live, latest, created_at, changed_at)
            SELECT * FROM unnest(
              $1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::timestamptz[], $7::timestamptz[])",
    },
    remove: Sql {
        sqlite: "/* dutiful.moves.documents.remove */
            DELETE FROM dutiful_documents WHERE id = ?1",
        mysql: "/* dutiful.moves.documents.remove */
            DELETE FROM dutiful_documents WHERE id IN ({{?}})",
        postgres: "/* dutiful.moves.documents.remove */
            DELETE FROM dutiful_documents AS t USING unnest($1::bigint[]) AS gone (id)
            WHERE t.id = gone.id",
    },
    free: Some(Free {
        columns: &[1, 2],
        sql: Sql {
            sqlite: "/* dutiful.moves.documents.free */
                DELETE FROM dutiful_documents WHERE collection = ?1 AND name = ?2",
            mysql: "/* dutiful.moves.documents.free */
                DELETE FROM dutiful_documents WHERE (collection, name) IN ({{(?, ?)}})",
            postgres: "/* dutiful.moves.documents.free */
                DELETE FROM dutiful_documents AS t USING unnest($1::text[], $2::text[]) AS taken (collection, name)
                WHERE t.collection = taken.collection AND t.name = taken.name",
        },
    }),
};

pub(crate) static GENERATIONS: Table = Table {
    name: "generations",
    columns: &[
        Column::new("id", Kind::Int),
        Column::new("document_id", Kind::Int),
        Column::new("content_hash", Kind::Bytes),
        Column::new("bytes", Kind::Int),
        Column::new("stage", Kind::Text),
        Column::new("task_id", Kind::Int),
        Column::new("format", Kind::Text),
        Column::new("title", Kind::Text),
        Column::new("language", Kind::Text),
        Column::new("facts", Kind::Text),
        Column::new("pages", Kind::Int),
        Column::new("text_bytes", Kind::Int),
        Column::new("chunks", Kind::Int),
        Column::new("model", Kind::Text),
        Column::new("error", Kind::Text),
        Column::new("created_at", Kind::Time),
        Column::new("changed_at", Kind::Time),
    ],
    key: 1,
    cursor: Cursor::Single,
    born_with: 0,
    page: Sql {
        sqlite: "/* dutiful.moves.generations.page */
            SELECT id, document_id, content_hash, bytes, stage, task_id, format, title, language, facts, pages,
                   text_bytes, chunks, model, error, created_at, changed_at
            FROM dutiful_generations WHERE id > ?1
            ORDER BY id LIMIT ?2",
        mysql: "/* dutiful.moves.generations.page */
            SELECT id, document_id, content_hash, bytes, stage, task_id, format, title, language, facts, pages,
                   text_bytes, chunks, model, error, created_at, changed_at
            FROM dutiful_generations WHERE id > ?
            ORDER BY id LIMIT ?",
        postgres: "/* dutiful.moves.generations.page */
            SELECT id, document_id, content_hash, bytes, stage, task_id, format, title, language, facts, pages,
                   text_bytes, chunks, model, error, created_at, changed_at
            FROM dutiful_generations WHERE id > $1::bigint
            ORDER BY id LIMIT $2::bigint",
    },
    weigh: Some(Sql {
        sqlite: "/* dutiful.moves.generations.weigh */
            SELECT SUM(bytes_there) FROM (
              SELECT COALESCE(length(CAST(facts AS BLOB)), 0) + COALESCE(length(CAST(error AS BLOB)), 0) AS bytes_there
              FROM dutiful_generations WHERE id > ?1
              ORDER BY id LIMIT ?2) AS page",
        mysql: "/* dutiful.moves.generations.weigh */
            SELECT CAST(SUM(bytes_there) AS SIGNED) FROM (
              SELECT COALESCE(LENGTH(facts), 0) + COALESCE(LENGTH(error), 0) AS bytes_there
              FROM dutiful_generations WHERE id > ?
              ORDER BY id LIMIT ?) AS page",
        postgres: "/* dutiful.moves.generations.weigh */
            SELECT SUM(bytes_there)::bigint FROM (
              SELECT COALESCE(octet_length(facts), 0) + COALESCE(octet_length(error), 0) AS bytes_there
              FROM dutiful_generations WHERE id > $1::bigint
              ORDER BY id LIMIT $2::bigint) AS page",
    }),
    insert: Sql {
        sqlite: "/* dutiful.moves.generations.insert */
            INSERT INTO dutiful_generations
              (id, document_id, content_hash, bytes, stage, task_id, format, title, language, facts, pages,
               text_bytes, chunks, model, error, created_at, changed_at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        mysql: "/* dutiful.moves.generations.insert */
            INSERT INTO dutiful_generations
              (id, document_id, content_hash, bytes, stage, task_id, format, title, language, facts, pages,
               text_bytes, chunks, model, error, created_at, changed_at)
            VALUES {{(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)}}",
        postgres: "/* dutiful.moves.generations.insert */
            INSERT INTO dutiful_generations
              (id, document_id, content_hash, bytes, stage, task_id, format, title, language, facts, pages,
               text_bytes, chunks, model, error, created_at, changed_at)
            SELECT * FROM unnest(
              $1::bigint[], $2::bigint[], $3::bytea[], $4::bigint[], $5::text[], $6::bigint[], $7::text[], $8::text[],
              $9::text[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[], $14::text[], $15::text[],
              $16::timestamptz[], $17::timestamptz[])",
    },
    remove: Sql {
        sqlite: "/* dutiful.moves.generations.remove */
            DELETE FROM dutiful_generations WHERE id = ?1",
        mysql: "/* dutiful.moves.generations.remove */
            DELETE FROM dutiful_generations WHERE id IN ({{?}})",
        postgres: "/* dutiful.moves.generations.remove */
            DELETE FROM dutiful_generations AS t USING unnest($1::bigint[]) AS gone (id)
            WHERE t.id = gone.id",
    },
    free: None,
};

pub(crate) static HOLDS: Table = Table {
    name: "holds",
    columns: &[
        Column::new("name", Kind::Text),
        Column::new("until_at", Kind::Time),
        Column::new("reason", Kind::Text),
    ],
    key: 1,
    cursor: Cursor::Optional,
    born_with: 0,
    page: Sql {
        sqlite: "/* dutiful.moves.holds.page */
            SELECT name, until_at, reason
            FROM dutiful_holds WHERE (?1 IS NULL OR name > ?2)
            ORDER BY name LIMIT ?3",
        mysql: "/* dutiful.moves.holds.page */
            SELECT name, until_at, reason
            FROM dutiful_holds WHERE (? IS NULL OR name > ?)
            ORDER BY name LIMIT ?",
        postgres: "/* dutiful.moves.holds.page */
            SELECT name, until_at, reason
            FROM dutiful_holds WHERE ($1::text IS NULL OR name > $2::text)
            ORDER BY name LIMIT $3::bigint",
    },
    weigh: None,
    insert: Sql {
        sqlite: "/* dutiful.moves.holds.insert */
            INSERT INTO dutiful_holds
              (name, until_at, reason)
            VALUES (?1, ?2, ?3)",
        mysql: "/* dutiful.moves.holds.insert */
            INSERT INTO dutiful_holds
              (name, until_at, reason)
            VALUES {{(?, ?, ?)}}",
        postgres: "/* dutiful.moves.holds.insert */
            INSERT INTO dutiful_holds
              (name, until_at, reason)
            SELECT * FROM unnest(
              $1::text[], $2::timestamptz[], $3::text[])",
    },
    remove: Sql {
        sqlite: "/* dutiful.moves.holds.remove */
            DELETE FROM dutiful_holds WHERE name = ?1",
        mysql: "/* dutiful.moves.holds.remove */
            DELETE FROM dutiful_holds WHERE name IN ({{?}})",
        postgres: "/* dutiful.moves.holds.remove */
            DELETE FROM dutiful_holds AS t USING unnest($1::text[]) AS gone (name)
            WHERE t.name = gone.name",
    },
    free: None,
};

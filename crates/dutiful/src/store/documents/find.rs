//! Looks: a document by its id, its name or its content, many of a collection, one generation.

use super::row::{self, DocumentRow, GenerationRow};
use crate::db::{Db, DbResult, Sql, Value};

/// A document with its newest generation.
const BY_ID: Sql = Sql {
    sqlite: "/* dutiful.documents.by_id */
        SELECT d.id, d.collection, d.name, d.live, d.created_at,
               g.id, g.document_id, g.content_hash, g.bytes, g.stage, g.task_id, g.format, g.title,
               g.language, g.facts, g.pages, g.text_bytes, g.chunks, g.model, g.error, g.changed_at
        FROM dutiful_documents AS d JOIN dutiful_generations AS g ON g.id = d.latest
        WHERE d.id = ?1",
    mysql: "/* dutiful.documents.by_id */
        SELECT d.id, d.collection, d.name, d.live, d.created_at,
               g.id, g.document_id, g.content_hash, g.bytes, g.stage, g.task_id, g.format, g.title,
               g.language, g.facts, g.pages, g.text_bytes, g.chunks, g.model, g.error, g.changed_at
        FROM dutiful_documents AS d JOIN dutiful_generations AS g ON g.id = d.latest
        WHERE d.id = ?",
    postgres: "/* dutiful.documents.by_id */
        SELECT d.id, d.collection, d.name, d.live, d.created_at,
               g.id, g.document_id, g.content_hash, g.bytes, g.stage, g.task_id, g.format, g.title,
               g.language, g.facts, g.pages::bigint, g.text_bytes, g.chunks::bigint, g.model, g.error,
               g.changed_at
        FROM dutiful_documents AS d JOIN dutiful_generations AS g ON g.id = d.latest
        WHERE d.id = $1::bigint",
};

const BY_NAME: Sql = Sql {
    sqlite: "/* dutiful.documents.by_name */
        SELECT d.id, d.collection, d.name, d.live, d.created_at,
               g.id, g.document_id, g.content_hash, g.bytes, g.stage, g.task_id, g.format, g.title,
               g.language, g.facts, g.pages, g.text_bytes, g.chunks, g.model, g.error, g.changed_at
        FROM dutiful_documents AS d JOIN dutiful_generations AS g ON g.id = d.latest
        WHERE d.collection = ?1 AND d.name = ?2",
    mysql: "/* dutiful.documents.by_name */
        SELECT d.id, d.collection, d.name, d.live, d.created_at,
               g.id, g.document_id, g.content_hash, g.bytes, g.stage, g.task_id, g.format, g.title,
               g.language, g.facts, g.pages, g.text_bytes, g.chunks, g.model, g.error, g.changed_at
        FROM dutiful_documents AS d JOIN dutiful_generations AS g ON g.id = d.latest
        WHERE d.collection = ? AND d.name = ?",
    postgres: "/* dutiful.documents.by_name */
        SELECT d.id, d.collection, d.name, d.live, d.created_at,
               g.id, g.document_id, g.content_hash, g.bytes, g.stage, g.task_id, g.format, g.title,
               g.language, g.facts, g.pages::bigint, g.text_bytes, g.chunks::bigint, g.model, g.error,
               g.changed_at
        FROM dutiful_documents AS d JOIN dutiful_generations AS g ON g.id = d.latest
        WHERE d.collection = $1::text AND d.name = $2::text",
};

/// A document whose newest generation has this content, wherever it stands in the collection.
const BY_CONTENT: Sql = Sql {
    sqlite: "/* dutiful.documents.by_content */
        SELECT d.id, d.collection, d.name, d.live, d.created_at,
               g.id, g.document_id, g.content_hash, g.bytes, g.stage, g.task_id, g.format, g.title,
               g.language, g.facts, g.pages, g.text_bytes, g.chunks, g.model, g.error, g.changed_at
        FROM dutiful_documents AS d JOIN dutiful_generations AS g ON g.id = d.latest
        WHERE g.content_hash = ?1 AND d.collection = ?2 ORDER BY d.id LIMIT 1",
    mysql: "/* dutiful.documents.by_content */
        SELECT d.id, d.collection, d.name, d.live, d.created_at,
               g.id, g.document_id, g.content_hash, g.bytes, g.stage, g.task_id, g.format, g.title,
               g.language, g.facts, g.pages, g.text_bytes, g.chunks, g.model, g.error, g.changed_at
        FROM dutiful_documents AS d JOIN dutiful_generations AS g ON g.id = d.latest
        WHERE g.content_hash = ? AND d.collection = ? ORDER BY d.id LIMIT 1",
    postgres: "/* dutiful.documents.by_content */
        SELECT d.id, d.collection, d.name, d.live, d.created_at,
               g.id, g.document_id, g.content_hash, g.bytes, g.stage, g.task_id, g.format, g.title,
               g.language, g.facts, g.pages::bigint, g.text_bytes, g.chunks::bigint, g.model, g.error,
               g.changed_at
        FROM dutiful_documents AS d JOIN dutiful_generations AS g ON g.id = d.latest
        WHERE g.content_hash = $1::bytea AND d.collection = $2::text ORDER BY d.id LIMIT 1",
};

/// By name, from behind one on.
const LIST: Sql = Sql {
    sqlite: "/* dutiful.documents.list */
        SELECT d.id, d.collection, d.name, d.live, d.created_at,
               g.id, g.document_id, g.content_hash, g.bytes, g.stage, g.task_id, g.format, g.title,
               g.language, g.facts, g.pages, g.text_bytes, g.chunks, g.model, g.error, g.changed_at
        FROM dutiful_documents AS d JOIN dutiful_generations AS g ON g.id = d.latest
        WHERE d.collection = ?1 AND d.name > ?2 ORDER BY d.name LIMIT ?3",
    mysql: "/* dutiful.documents.list */
        SELECT d.id, d.collection, d.name, d.live, d.created_at,
               g.id, g.document_id, g.content_hash, g.bytes, g.stage, g.task_id, g.format, g.title,
               g.language, g.facts, g.pages, g.text_bytes, g.chunks, g.model, g.error, g.changed_at
        FROM dutiful_documents AS d JOIN dutiful_generations AS g ON g.id = d.latest
        WHERE d.collection = ? AND d.name > ? ORDER BY d.name LIMIT ?",
    postgres: "/* dutiful.documents.list */
        SELECT d.id, d.collection, d.name, d.live, d.created_at,
               g.id, g.document_id, g.content_hash, g.bytes, g.stage, g.task_id, g.format, g.title,
               g.language, g.facts, g.pages::bigint, g.text_bytes, g.chunks::bigint, g.model, g.error,
               g.changed_at
        FROM dutiful_documents AS d JOIN dutiful_generations AS g ON g.id = d.latest
        WHERE d.collection = $1::text AND d.name > $2::text ORDER BY d.name LIMIT $3::bigint",
};

const GENERATION: Sql = Sql {
    sqlite: "/* dutiful.documents.generation */
        SELECT id, document_id, content_hash, bytes, stage, task_id, format, title, language, facts,
               pages, text_bytes, chunks, model, error, changed_at
        FROM dutiful_generations WHERE id = ?1",
    mysql: "/* dutiful.documents.generation */
        SELECT id, document_id, content_hash, bytes, stage, task_id, format, title, language, facts,
               pages, text_bytes, chunks, model, error, changed_at
        FROM dutiful_generations WHERE id = ?",
    postgres: "/* dutiful.documents.generation */
        SELECT id, document_id, content_hash, bytes, stage, task_id, format, title, language, facts,
               pages::bigint, text_bytes, chunks::bigint, model, error, changed_at
        FROM dutiful_generations WHERE id = $1::bigint",
};

/// The collections that there are, with their versions.
const COLLECTIONS: Sql = Sql {
    sqlite: "/* dutiful.documents.collections */
        SELECT name, version FROM dutiful_collections ORDER BY name LIMIT ?1",
    mysql: "/* dutiful.documents.collections */
        SELECT name, version FROM dutiful_collections ORDER BY name LIMIT ?",
    postgres: "/* dutiful.documents.collections */
        SELECT name, version FROM dutiful_collections ORDER BY name LIMIT $1::bigint",
};

/// The document of an id.
pub(crate) async fn by_id(db: &Db, id: i64) -> DbResult<Option<DocumentRow>> {
    one(db, &BY_ID, vec![id.into()]).await
}

/// The document of a name.
pub(crate) async fn by_name(
    db: &Db,
    collection: &str,
    name: &str,
) -> DbResult<Option<DocumentRow>> {
    one(db, &BY_NAME, vec![collection.into(), name.into()]).await
}

/// A document of that content.
pub(crate) async fn by_content(
    db: &Db,
    collection: &str,
    hash: &[u8; 32],
) -> DbResult<Option<DocumentRow>> {
    one(
        db,
        &BY_CONTENT,
        vec![hash.to_vec().into(), collection.into()],
    )
    .await
}

/// Documents of a collection in the order of their names, behind `after`.
pub(crate) async fn list(
    db: &Db,
    collection: &str,
    after: &str,
    limit: i64,
) -> DbResult<Vec<DocumentRow>> {
    let params = vec![collection.into(), after.into(), limit.into()];
    let rows = db.look(&LIST, params).await?;
    rows.into_iter().map(row::document).collect()
}

/// A generation.
pub(crate) async fn generation(db: &Db, id: i64) -> DbResult<Option<GenerationRow>> {
    let rows = db.read(&GENERATION, vec![id.into()]).await?;
    let row = rows.into_iter().next();
    row.map(|mut row| row::generation(&mut row, 0)).transpose()
}

/// The names of collections with their versions.
pub(crate) async fn collections(db: &Db, limit: i64) -> DbResult<Vec<(String, i64)>> {
    let rows = db.read(&COLLECTIONS, vec![limit.into()]).await?;
    let read = |row: &crate::db::Row| Ok((row.text(0)?.to_owned(), row.int(1)?));
    rows.iter().map(read).collect()
}

async fn one(db: &Db, sql: &'static Sql, params: Vec<Value>) -> DbResult<Option<DocumentRow>> {
    let rows = db.read(sql, params).await?;
    rows.into_iter().next().map(row::document).transpose()
}
